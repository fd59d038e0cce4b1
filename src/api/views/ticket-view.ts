import type { ReconcileRun, Ticket } from '../../contracts/api/fleet.ts';
import type { ReconcileReport } from '../../contracts/fleet.ts';
import type { TicketRecord } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

export function ticketView(ticket: TicketRecord): Ticket {
  const { kind, subject, repair, orderId, instanceId, cloud, repairs } = ticket;
  return {
    id: ticket._id,
    kind,
    subject,
    state: ticket.closedAt ? 'closed' : ticket.repairedAt ? 'repaired' : 'open',
    meaning: reasonTexts[kind].operator,
    proposal: reasonTexts[kind].next,
    repair,
    orderId,
    instanceId,
    cloud,
    openedAt: ticket.openedAt.toISOString(),
    seenAt: ticket.seenAt.toISOString(),
    repairedAt: ticket.repairedAt?.toISOString(),
    repairs,
    closedAt: ticket.closedAt?.toISOString(),
    closedBy: ticket.closedBy ?? undefined,
  };
}

export function reconcileView(id: string, report: ReconcileReport | null): ReconcileRun {
  if (!report) return { id, done: false, report: null };
  const mismatches = report.mismatches.map((mismatch) => ({
    ...mismatch,
    meaning: reasonTexts[mismatch.kind].operator,
    proposal: reasonTexts[mismatch.kind].next,
  }));
  return { id, done: true, report: { ...report, mismatches } };
}
