import type { FleetSource, Mismatch, PassSettings } from '../../contracts/fleet.ts';
import { MismatchKind } from '../../contracts/fleet.ts';
import { sourceOf } from '../../domain/fleet/reconcile.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import type { FleetPorts } from './ports.ts';

/** Begins a pass: returns its start time by our clock, and its settings. */
export function beginPass({ settings }: FleetPorts) {
  return async (): Promise<PassSettings> => ({ at: now(), ...settings });
}

/**
 * Opens a ticket per mismatch and leaves those of orders and instances in motion unchanged. Returns the mismatches
 * that may be repaired: not those whose ticket an operator closed.
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

/** Records the repair of a mismatch, on its ticket and in the audit log. */
export function noteRepaired({ store }: FleetPorts) {
  return async ({ kind, subject, repair }: Mismatch): Promise<void> => {
    const ticket = await store.tickets.markRepaired({ kind, subject });
    if (!ticket) return;
    const after = { kind, subject, repair };
    await store.audit.append({ at: nowDate(), actor: 'system', action: 'repair', subject: ticket._id, after });
  };
}

/** Closes the tickets whose mismatch is gone, of every kind whose sources all responded in this pass. */
export function closeTickets({ store }: FleetPorts) {
  return async ({ at }: PassSettings, answered: FleetSource[]): Promise<number> => {
    const kinds = MismatchKind.options.filter((kind) => answered.includes(sourceOf[kind]));
    return store.tickets.closeGone(kinds, new Date(at));
  };
}
