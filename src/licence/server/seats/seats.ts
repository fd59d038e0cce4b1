import { isDeepStrictEqual } from 'node:util';
import { now, nowDate } from '../../../runtime/clock.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import { planOf, seatsUsed } from '../activations/verdicts.ts';
import { audit, auditNote } from '../audit.ts';
import type { ServerContext } from '../context.ts';
import { licenceStatus } from '../licences/licence-status.ts';
import { type Activation, wasSwept } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';
import { boundsOf, isBoundElsewhere } from '../store/seat-ledger.ts';

/**
 * How seats are taken and released.
 *
 * The ledger inside the licence document is the truth: an activation holds a seat while the ledger lists it, and one
 * conditional update changes it. The lease is stored on the activation and extended by its checks. An activation is
 * always written before it takes its seat and marked as ended before its seat is released, so whatever a crash
 * interrupts is recorded on the activation (`unfinishedSince`): the same node completes it when it comes again, or the
 * next node that needs the seat, or the sweeper.
 */
export type SeatOutcome = { outcome: 'won'; licence: Licence } | NoSeat;
export type NoSeat =
  | { outcome: 'full' | 'inactive' | 'offline' | 'other-cluster'; licence: Licence }
  /** `holder` has the seat of this name, which changed hands `takeovers` times; it may again from `againAt` on. */
  | { outcome: 'flapping'; licence: Licence; holder: Activation; takeovers: number; againAt: Date }
  | { outcome: 'gone' };

export async function winSeat(context: ServerContext, activation: Activation, requestId: string): Promise<SeatOutcome> {
  const { licences } = context.db;
  for (;;) {
    const licence = await licences.find(activation.licenceId);
    if (licence === null) return { outcome: 'gone' };
    if (licenceStatus(licence, now()) !== 'ACTIVE') return { outcome: 'inactive', licence };
    if (holdsSeat(licence, activation._id)) {
      await endSeatless(context, activation);
      return { outcome: 'won', licence };
    }
    const bounds = boundsOf(activation.node);
    const file = licence.seats.find(({ offline }) => offline !== undefined && bounds.includes(offline.bound));
    if (file?.offline) {
      if (file.offline.until > nowDate()) return { outcome: 'offline', licence };
      await licences.pullSeat(licence._id, file.activationId);
      continue;
    }
    const own = await takeOverOwnSeat(context, licence, activation, requestId);
    if (own === 'again') continue;
    if (own !== null) return own;
    const { mode } = activation;
    const bind = (await planOf(context, licence)).data.oneCluster === true ? clusterOf(activation) : undefined;
    const won = await licences.pushSeat(licence, activation._id, { mode, bounds, clusterId: bind });
    if (won !== null) return { outcome: 'won', licence: won };
    if (bind !== undefined && isBoundElsewhere(licence, bind)) return { outcome: 'other-cluster', licence };
    const full = seatsUsed(licence, mode) >= licence.seatLimits[mode];
    if (!full || (await makeRoom(context, licence, mode, requestId))) continue;
    // The holders were read after the ledger: only if that is unchanged are all seats really taken by others.
    const still = await licences.find(licence._id);
    if (still !== null && isDeepStrictEqual(still.seats, licence.seats)) return { outcome: 'full', licence };
  }
}

export function holdsSeat(licence: Licence, activationId: string): boolean {
  return licence.seats.some((seat) => seat.activationId === activationId);
}

/** A node that names no cluster is in the cluster without a name. */
function clusterOf({ node }: Activation): string {
  return node.clusterId ?? '';
}

/**
 * A pod or a rebuilt machine with the same name within its cluster continues in its own seat; null if it has none,
 * `again` if a concurrent call was faster and the ledger must be read again.
 */
async function takeOverOwnSeat(
  context: ServerContext,
  licence: Licence,
  activation: Activation,
  requestId: string,
): Promise<SeatOutcome | 'again' | null> {
  const { licences, activations } = context.db;
  const { settings } = context;
  const holder = (await activations.ofSameNode(activation)).find(({ _id }) => holdsSeat(licence, _id));
  if (holder === undefined) return null;
  const since = new Date(now() - settings.takeoverWindowMs);
  const takeovers = await activations.replacedSince(licence._id, activation.nodeKey, since, settings.takeovers);
  const about = { requestId, licenceId: licence._id, actor: `activation:${activation._id}` };
  const first = takeovers[settings.takeovers - 1];
  if (first !== undefined) {
    await audit(context, auditNote({ ...about, at: nowDate(), action: 'seat.flapping', activationId: holder._id }));
    const againAt = new Date(first.getTime() + settings.takeoverWindowMs);
    return { outcome: 'flapping', licence, holder, takeovers: takeovers.length, againAt };
  }
  const seats = { before: { holder: holder._id }, after: { holder: activation._id } };
  const taken = { ...about, ...seats, at: nowDate(), action: 'seat.taken-over', activationId: holder._id };
  const note = auditNote(taken);
  const next = { activationId: activation._id, mode: activation.mode };
  const swapped = await licences.swapSeat(licence._id, holder._id, next, note);
  if (swapped === null) return 'again';
  await activations.replaced(holder, nowDate());
  await audit(context, note);
  return { outcome: 'won', licence: swapped };
}

/**
 * Ends an activation that an interrupted takeover left active without a seat. Safe, because an activation that is
 * already active is never given a seat; only the ledger has to be read after it.
 */
export async function endSeatless(context: ServerContext, successor: Activation): Promise<void> {
  const { activations, licences } = context.db;
  const others = (await activations.ofSameNode(successor)).filter(({ status }) => status === 'active');
  if (others.length === 0) return;
  const licence = await licences.find(successor.licenceId);
  for (const other of others) {
    if (licence === null || !holdsSeat(licence, other._id)) await activations.replaced(other, nowDate());
  }
}

/**
 * Frees one seat whose holder has ended, is gone or is overdue; false if there is none. A race with a check is decided
 * on the one activation document: the seat is removed only if the change to `expired` wins.
 */
export async function makeRoom(
  context: ServerContext,
  licence: Licence,
  mode: SeatMode,
  requestId: string,
): Promise<boolean> {
  const { licences, activations } = context.db;
  // An offline file keeps its seats until it ends: it cannot be taken back.
  const holders = licence.seats
    .filter((seat) => seat.mode === mode && (seat.offline === undefined || seat.offline.until <= nowDate()))
    .map((seat) => seat.activationId);
  const known = new Map((await activations.holders(holders)).map((holder) => [holder._id, holder]));
  for (const id of holders) {
    const holder = known.get(id);
    const at = nowDate();
    if (holder?.status === 'pending') continue;
    const about = { actor: 'lease', requestId, licenceId: licence._id, activationId: id };
    const change = { before: { status: holder?.status ?? 'gone' }, after: { seat: 'free' } };
    const note = auditNote({ ...about, ...change, at, action: 'seat.expired' });
    if (holder?.status === 'active') {
      if (holder.leaseUntil >= at) continue;
      const end = { from: 'active', to: 'expired', endedAt: at, note } as const;
      if ((await activations.end(id, end, { leaseUntil: { $lt: at } })) === null) continue;
    }
    // The event of a node that ended is recorded by whatever ended it; a seat without an activation has none.
    const unrecorded = holder === undefined || wasSwept(holder);
    const pulled = await licences.pullSeat(licence._id, id, unrecorded ? note : null);
    await activations.settled(id);
    if (holder?.status === 'active' || (unrecorded && pulled)) await audit(context, note);
    if (pulled) return true;
  }
  return false;
}

/** Frees the seat of a swept activation; nothing else records its event. */
export async function freeSwept(
  context: ServerContext,
  { _id, licenceId }: Pick<Activation, '_id' | 'licenceId'>,
  requestId: string,
): Promise<void> {
  const about = { actor: 'sweeper', requestId, licenceId, activationId: _id };
  const change = { before: { status: 'pending' }, after: { seat: 'free' } };
  const note = auditNote({ ...about, ...change, at: nowDate(), action: 'seat.expired' });
  if (await context.db.licences.pullSeat(licenceId, _id, note)) await audit(context, note);
}
