import type { FleetSource, Mismatch, PassSettings } from '../../contracts/fleet.ts';
import { MismatchKind } from '../../contracts/fleet.ts';
import type { NewIncident } from '../../contracts/incidents.ts';
import { isReasonCode } from '../../contracts/reasons.ts';
import { keepSnapshotsScheduleId, type SnapshotProblem } from '../../contracts/snapshots.ts';
import { sourceOf } from '../../domain/fleet/reconcile.ts';
import { severityOfMismatch } from '../../domain/operations/incident-severity.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import type { TicketRecord } from '../../store/records.ts';
import type { FleetPorts } from './ports.ts';

/** Begins a pass: returns its start time by our clock, and its settings. */
export function beginPass({ settings }: FleetPorts) {
  return async (): Promise<PassSettings> => ({ at: now(), ...settings });
}

/**
 * Opens a ticket per mismatch and leaves those of orders and instances in motion unchanged. Operators are told about a
 * mismatch that has no automatic repair, or that an earlier pass has not repaired. Returns the mismatches that may be
 * repaired: not those whose ticket an operator closed.
 */
export function noteMismatches({ store, incidents }: FleetPorts) {
  return async (
    { at }: PassSettings,
    { mismatches, leftAlone }: { mismatches: Mismatch[]; leftAlone: string[] },
  ): Promise<Mismatch[]> => {
    const when = new Date(at);
    if (leftAlone.length > 0) await store.tickets.keep(leftAlone, when);
    const open: Mismatch[] = [];
    for (const mismatch of mismatches) {
      const ticket = await store.tickets.note(mismatch, when);
      if (!ticket) continue;
      open.push(mismatch);
      if (mismatch.repair === null || ticket.openedAt < when) await incidents.open(ticketIncident(ticket));
    }
    return open.filter(({ repair }) => repair !== null);
  };
}

function ticketIncident({ _id, kind, orderId, instanceId }: TicketRecord): NewIncident {
  return { kind: 'ticket', subject: _id, severity: severityOfMismatch(kind), reason: kind, orderId, instanceId };
}

/** Records the repair of a mismatch, on its ticket and in the audit log. */
export function noteRepaired({ store, incidents }: FleetPorts) {
  return async ({ kind, subject, repair }: Mismatch): Promise<void> => {
    const ticket = await store.tickets.markRepaired({ kind, subject });
    if (!ticket) return;
    await incidents.close({ kind: 'ticket', subject: ticket._id });
    const after = { kind, subject, repair };
    await store.audit.append({ at: nowDate(), actor: 'system', action: 'repair', subject: ticket._id, after });
  };
}

/** How many incidents about tickets one pass checks; the next one checks the rest. */
const longestClosing = 1_000;

/**
 * Closes the tickets whose mismatch is gone, of every kind whose sources all responded in this pass; with them their
 * incidents.
 */
export function closeTickets({ store, incidents }: FleetPorts) {
  return async ({ at }: PassSettings, answered: FleetSource[]): Promise<number> => {
    const kinds = MismatchKind.options.filter((kind) => answered.includes(sourceOf[kind]));
    const closed = await store.tickets.closeGone(kinds, new Date(at));
    const open = await store.incidents.newest({ isOpen: true, kind: 'ticket' }, { limit: longestClosing });
    for (const { kind, subject } of open.items) {
      const ticket = await store.tickets.find(subject);
      if (!ticket || ticket.closedAt) await incidents.close({ kind, subject });
    }
    return closed;
  };
}

/** Opens an incident when a round of snapshots had failures, and closes it after one without. */
export function noteSnapshotRound({ incidents }: FleetPorts) {
  return async (problems: readonly SnapshotProblem[]): Promise<void> => {
    const [first] = problems;
    const about = { kind: 'snapshots', subject: keepSnapshotsScheduleId } as const;
    if (!first) return incidents.close(about);
    const lines = problems.map(({ cloud, subject, reason }) => [cloud, subject, reason].filter(Boolean).join(' '));
    const reason = isReasonCode(first.reason) ? first.reason : 'internal';
    await incidents.open({ ...about, severity: 'warning', reason, detail: lines.join('\n') });
  };
}
