import { now, today } from '../../contracts/clock.ts';
import type { SeatMode } from '../protocol/requests.ts';
import { audit, type ServerContext } from './context.ts';
import { licenceStatus } from './licence-status.ts';
import type { Activation } from './store/activations.ts';
import { boundsOf, type Licence } from './store/licences.ts';

/**
 * How a seat is won and given back.
 *
 * The ledger inside the licence document is the truth: an activation holds a seat while the ledger names it, and one
 * conditional update changes it. The lease lives on the activation and is moved by its checks. Whatever order of writes
 * a crash cuts short leaves at most a seat whose activation has ended or is gone, and such a seat is given back by the
 * next node that needs it.
 */
export type SeatOutcome = 'won' | 'full' | 'flapping' | 'inactive' | 'offline';

export async function winSeat(
  context: ServerContext,
  activation: Activation,
  requestId: string,
): Promise<{ outcome: SeatOutcome; licence: Licence }> {
  const { licences } = context.db;
  for (;;) {
    const licence = await licences.find(activation.licenceId);
    if (licence === null) throw new Error(`The licence ${activation.licenceId} is gone.`);
    if (licenceStatus(licence, now()) !== 'ACTIVE') return { outcome: 'inactive', licence };
    if (holdsSeat(licence, activation._id)) return { outcome: 'won', licence };
    const bounds = boundsOf(activation.node);
    const file = licence.seats.find(({ offline }) => offline !== undefined && bounds.includes(offline.bound));
    if (file?.offline) {
      if (file.offline.until > today()) return { outcome: 'offline', licence };
      await licences.pullSeat(licence._id, file.activationId);
      continue;
    }
    const own = await takeOverOwnSeat(context, licence, activation, requestId);
    if (own !== null) return own;
    const won = await licences.pushSeat(licence, activation._id, { mode: activation.mode, bounds });
    if (won !== null) return { outcome: 'won', licence: won };
    const full = usedOf(licence, activation.mode) >= licence.seatLimits[activation.mode];
    if (full && !(await makeRoom(context, licence, activation.mode, requestId))) return { outcome: 'full', licence };
  }
}

export function holdsSeat(licence: Licence, activationId: string): boolean {
  return licence.seats.some((seat) => seat.activationId === activationId);
}

function usedOf(licence: Licence, mode: SeatMode): number {
  return licence.seats.filter((seat) => seat.mode === mode).length;
}

/** A pod or a rebuilt machine with the same name within its cluster goes on in its own seat; null when it has none. */
async function takeOverOwnSeat(
  context: ServerContext,
  licence: Licence,
  activation: Activation,
  requestId: string,
): Promise<{ outcome: SeatOutcome; licence: Licence } | null> {
  const { licences, activations } = context.db;
  const { settings } = context;
  const running = await activations.running(activation);
  if (running === null || !holdsSeat(licence, running._id)) return null;
  const since = new Date(now() - settings.takeoverWindowMs);
  const takeovers = await activations.replacedSince(licence._id, activation.nodeKey, since);
  const about = { requestId, licenceId: licence._id, actor: `activation:${activation._id}` };
  if (takeovers >= settings.takeovers) {
    await audit(context, { ...about, at: today(), action: 'seat.flapping', activationId: running._id });
    return { outcome: 'flapping', licence };
  }
  const swapped = await licences.swapSeat(licence._id, running._id, {
    activationId: activation._id,
    mode: activation.mode,
  });
  if (swapped === null) return null;
  await activations.end(running._id, 'active', 'replaced', today());
  const seats = { before: { holder: running._id }, after: { holder: activation._id } };
  await audit(context, { ...about, ...seats, at: today(), action: 'seat.taken-over', activationId: running._id });
  return { outcome: 'won', licence: swapped };
}

/**
 * Frees one seat whose holder has ended, is gone or is overdue; false when there is none. A check that races with this
 * is decided on the one activation document: only if the flip to `expired` wins, the seat is pulled.
 */
export async function makeRoom(
  context: ServerContext,
  licence: Licence,
  mode: SeatMode,
  requestId: string,
): Promise<boolean> {
  const { licences, activations } = context.db;
  // An offline file keeps its seats until it ends: nobody can take it back.
  const holders = licence.seats
    .filter((seat) => seat.mode === mode && (seat.offline === undefined || seat.offline.until <= today()))
    .map((seat) => seat.activationId);
  const known = new Map((await activations.findMany(holders)).map((activation) => [activation._id, activation]));
  for (const id of holders) {
    const holder = known.get(id);
    const at = today();
    if (holder?.status === 'pending') continue;
    if (holder?.status === 'active') {
      if (holder.leaseUntil >= at) continue;
      const expired = await activations.end(id, 'active', 'expired', at, { leaseUntil: { $lt: at } });
      if (expired === null) continue;
    }
    if (await licences.pullSeat(licence._id, id)) {
      const about = { actor: 'lease', requestId, licenceId: licence._id, activationId: id };
      const change = { before: { status: holder?.status ?? 'gone' }, after: { seat: 'free' } };
      await audit(context, { ...about, ...change, at, action: 'seat.expired' });
      return true;
    }
  }
  return false;
}
