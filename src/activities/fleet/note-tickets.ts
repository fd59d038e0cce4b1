import type { FleetSource, Mismatch, PassSettings } from '../../contracts/fleet.ts';
import { MismatchKind } from '../../contracts/fleet.ts';
import { sourceOf } from '../../domain/fleet/reconcile.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import type { FleetPorts } from './ports.ts';

/** The beginning of a pass: its time by our clock, and what it works with. */
export function beginPass({ settings }: FleetPorts) {
  return async (): Promise<PassSettings> => ({ at: now(), ...settings });
}

/**
 * Opens a ticket per mismatch and keeps those of orders and instances that are left alone. Answers the mismatches that
 * may be repaired: not those whose ticket somebody closed.
 */
export function noteMismatches({ store }: FleetPorts) {
  return async (
    { at }: PassSettings,
    { mismatches, leftAlone }: { mismatches: Mismatch[]; leftAlone: string[] },
  ): Promise<Mismatch[]> => {
    const when = new Date(at);
    if (leftAlone.length > 0) await store.tickets.keep(leftAlone, when);
    const open: Mismatch[] = [];
    for (const mismatch of mismatches) if (await store.tickets.note(mismatch, when)) open.push(mismatch);
    return open.filter(({ repair }) => repair !== null);
  };
}

/** Writes down that a mismatch was repaired, on its ticket and in the audit log. */
export function noteRepaired({ store }: FleetPorts) {
  return async ({ kind, subject, repair }: Mismatch): Promise<void> => {
    const ticket = await store.tickets.markRepaired({ kind, subject });
    if (!ticket) return;
    const after = { kind, subject, repair };
    await store.audit.append({ at: nowDate(), actor: 'system', action: 'repair', subject: ticket._id, after });
  };
}

/** Closes the tickets whose mismatch is gone, of every kind whose sources all answered in this pass. */
export function closeTickets({ store }: FleetPorts) {
  return async ({ at }: PassSettings, answered: FleetSource[]): Promise<number> => {
    const kinds = MismatchKind.options.filter((kind) => answered.includes(sourceOf[kind]));
    return store.tickets.closeGone(kinds, new Date(at));
  };
}
