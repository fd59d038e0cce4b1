import type { z } from 'zod';
import type { ReconcileRun, Ticket } from '../contracts/api/fleet.ts';
import type { AuditEntry } from '../contracts/api/operator.ts';
import { textsOf } from '../texts/texts.ts';
import { age, auditLines, sheet, table } from './print.ts';

const { empty, reconcile, ticket: texts } = textsOf('en').cli;

type Report = NonNullable<ReconcileRun['report']>;

/** The findings of a reconcile run: a table, and for each kind what it means and what to do. */
export function reconcileText(report: Report): string {
  const { compared, inMotion, found, repaired, unread, mismatches } = report;
  const limits = [
    ...(inMotion > 0 ? [reconcile.inMotion({ count: inMotion })] : []),
    ...(unread.length > 0 ? [reconcile.unread({ systems: unread.join(', ') })] : []),
  ];
  const total = report.repair
    ? reconcile.repaired({ compared, found, repaired })
    : reconcile.dryRun({ compared, found });
  if (mismatches.length === 0) return [total, ...limits].join('\n');
  const rows = mismatches.map(({ kind, subject, orderId, instanceId, repair }) => [
    kind,
    subject,
    orderId ?? instanceId ?? '-',
    repair ?? texts.byPeople,
  ]);
  const meanings = new Map(mismatches.map(({ kind, meaning, proposal }) => [kind, `${meaning} ${proposal}`]));
  const unnamed = found > mismatches.length ? [reconcile.more({ count: found - mismatches.length })] : [];
  return [
    table(['kind', 'subject', 'of', 'repair'], rows),
    ...unnamed,
    '',
    sheet(Object.fromEntries(meanings)),
    '',
    total,
    ...limits,
  ].join('\n');
}

export function ticketsText(tickets: readonly Ticket[]): string {
  if (tickets.length === 0) return empty.tickets;
  return table(
    ['ticket', 'state', 'kind', 'subject', 'repair', 'age'],
    tickets.map(({ id, state, kind, subject, repair, openedAt }) => [
      id,
      state,
      kind,
      subject,
      repair ?? texts.byPeople,
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
    'by itself': ticket.repair ?? texts.peopleDecide,
    order: ticket.orderId,
    instance: ticket.instanceId,
    cloud: ticket.cloud,
    opened: ticket.openedAt,
    'last seen': ticket.seenAt,
    repaired: ticket.repairedAt && texts.repaired({ at: ticket.repairedAt, repairs: ticket.repairs }),
    closed: ticket.closedAt && texts.closed({ at: ticket.closedAt, by: ticket.closedBy ?? texts.mismatchGone }),
  });
  return [facts, ...auditLines(audit)].join('\n');
}
