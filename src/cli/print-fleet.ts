import type { z } from 'zod';
import type { ReconcileRun, Ticket } from '../contracts/api/fleet.ts';
import type { AuditEntry } from '../contracts/api/operator.ts';
import { age, sheet, table } from './print.ts';

type Report = NonNullable<ReconcileRun['report']>;

/** What a pass found: a table, and for each kind what it means and what to do. */
export function reconcileText(report: Report): string {
  const { compared, found, repaired, unread, mismatches } = report;
  const silent = unread.length > 0 ? [`Did not answer, so something may be missing here: ${unread.join(', ')}.`] : [];
  const done = report.repair ? `, ${repaired} repaired by itself` : '; nothing was touched (dry run)';
  const total = `${compared} compared, ${found === 1 ? '1 mismatch' : `${found} mismatches`}${done}.`;
  if (mismatches.length === 0) return [total, ...silent].join('\n');
  const rows = mismatches.map(({ kind, subject, orderId, instanceId, repair }) => [
    kind,
    subject,
    orderId ?? instanceId ?? '-',
    repair ?? 'by people',
  ]);
  const meanings = new Map(mismatches.map(({ kind, meaning, proposal }) => [kind, `${meaning} ${proposal}`]));
  const unnamed = found > mismatches.length ? [`and ${found - mismatches.length} more`] : [];
  return [
    table(['kind', 'subject', 'of', 'repair'], rows),
    ...unnamed,
    '',
    sheet(Object.fromEntries(meanings)),
    '',
    total,
    ...silent,
  ].join('\n');
}

export function ticketsText(tickets: readonly Ticket[]): string {
  if (tickets.length === 0) return 'No tickets.';
  return table(
    ['ticket', 'state', 'kind', 'subject', 'repair', 'age'],
    tickets.map(({ id, state, kind, subject, repair, openedAt }) => [
      id,
      state,
      kind,
      subject,
      repair ?? 'by people',
      age(openedAt),
    ]),
  );
}

export function ticketText(ticket: Ticket, audit: readonly z.infer<typeof AuditEntry>[] = []): string {
  const facts = sheet({
    ticket: ticket.id,
    state: ticket.state,
    kind: ticket.kind,
    subject: ticket.subject,
    meaning: ticket.meaning,
    'to do': ticket.proposal,
    'by itself': ticket.repair ?? 'nothing; people decide',
    order: ticket.orderId,
    instance: ticket.instanceId,
    cloud: ticket.cloud,
    opened: ticket.openedAt,
    'last seen': ticket.seenAt,
    repaired: ticket.repairedAt && `${ticket.repairedAt} (${ticket.repairs} times in all)`,
    closed: ticket.closedAt && `${ticket.closedAt}, ${ticket.closedBy ?? 'the mismatch is gone'}`,
  });
  const entries = audit.map(({ at, actor, action, why }) => `${at}  ${actor}  ${action}${why ? `: ${why}` : ''}`);
  return [facts, ...(entries.length > 0 ? ['', ...entries] : [])].join('\n');
}
