import { nowDate } from '../../../runtime/clock.ts';
import { requireActive } from '../activations/activate.ts';
import { seatsUsed } from '../activations/verdicts.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Licence, SeatChange } from '../store/licence.ts';
import { type OutboxEvent, outboxPush } from '../store/outbox.ts';
import type { Money, SeatPrice } from './seat-seller.ts';

/** How many idempotency keys of finished changes a licence keeps. */
const remembered = 20;

/**
 * The price of another number of production seats; changes nothing. Throws SEATS_NOT_SOLD_HERE,
 * SUBSCRIPTION_NOT_ACTIVE.
 */
export async function previewSeats(context: ServerContext, licence: Licence, seats: number): Promise<SeatPrice> {
  requireActive(licence);
  return context.seller.price({ licence, from: licence.seatLimits.production, to: seats });
}

/**
 * Changes the number of production seats once it is paid: more can be activated at once; with fewer than are in use,
 * running nodes continue and none is added.
 *
 * The intent is written into the licence first, so that one change runs at a time and the next call completes one that
 * a crash interrupted between payment and change. Repeating the idempotency key changes and costs nothing more. Throws
 * SEATS_NOT_SOLD_HERE, SUBSCRIPTION_NOT_ACTIVE and LICENSE_CHANGED: another change came first, or the price is not the
 * agreed one; then nothing was paid.
 */
export async function changeSeats(
  context: ServerContext,
  held: Licence,
  request: { seats: number; planRev: number; dueNow: Money },
  call: Actor & { idempotencyKey: string },
): Promise<Licence> {
  const key = call.idempotencyKey;
  const licence = await finishSeatChange(context, held, call.requestId);
  if (licence.seatChangesDone?.includes(key)) return licence;
  if (licence.planRev !== request.planRev) throw new Refusal('LICENSE_CHANGED');
  requireActive(licence);
  const from = licence.seatLimits.production;
  const { dueNow } = await context.seller.price({ licence, from, to: request.seats });
  if (dueNow.amount !== request.dueNow.amount || dueNow.currency !== request.dueNow.currency) {
    throw new Refusal('LICENSE_CHANGED', `This now costs ${dueNow.amount} ${dueNow.currency} (minor units).`);
  }
  const change: SeatChange = { key, from, to: request.seats, dueNow, actor: call.actor, at: nowDate() };
  const still = { planRev: request.planRev, seatChange: null, revokedAt: null, suspended: null };
  if ((await context.db.licences.change(licence._id, still, { $set: { seatChange: change } })) === null) {
    throw new Refusal('LICENSE_CHANGED');
  }
  return finishSeatChange(context, { ...licence, seatChange: change }, call.requestId);
}

/**
 * Finishes a pending change, so that it overwrites nothing that comes after. Throws SERVICE_UNAVAILABLE while it is
 * unknown whether it was paid.
 */
export async function endSeatChange(context: ServerContext, licence: Licence, requestId: string): Promise<void> {
  try {
    await finishSeatChange(context, licence, requestId);
  } catch (error) {
    if (isSurelyUnpaid(error)) return;
    context.log.warn({ err: error, licenceId: licence._id }, 'a change of seats is waiting for its seller');
    throw new Refusal('SERVICE_UNAVAILABLE', 'A change of seats is being paid.', { retryAfterSec: 5 });
  }
}

/** Whether the seller confirms that no money moved. */
function isSurelyUnpaid(error: unknown): boolean {
  return error instanceof Refusal && (error.code === 'SEATS_NOT_SOLD_HERE' || error.code === 'LICENSE_CHANGED');
}

/** Has the pending change paid and applies it, if there is one. */
async function finishSeatChange(context: ServerContext, licence: Licence, requestId: string): Promise<Licence> {
  const { seatChange: change } = licence;
  if (!change) return licence;
  const { key, from, to, dueNow, actor } = change;
  const begun = { 'seatChange.key': key };
  try {
    await context.seller.sell({ licence, from, to }, { key: `${licence._id}:${key}`, dueNow, actor });
  } catch (error) {
    // After any other error it may have been paid; the next call asks again.
    if (isSurelyUnpaid(error)) await context.db.licences.change(licence._id, begun, { $set: { seatChange: null } });
    throw error;
  }
  const at = nowDate();
  const seats = { before: from, after: to };
  const event: OutboxEvent = {
    type: 'license.plan-changed',
    key: `seats-${key}`,
    at,
    details: { plan: licence.plan, seats },
  };
  const note = auditNote({
    ...{ actor, requestId, licenceId: licence._id },
    at,
    action: 'license.plan-changed',
    before: { seats: from },
    after: { seats: to, dueNow },
  });
  const done = await context.db.licences.change(licence._id, begun, {
    $set: {
      seatChange: null,
      'seatLimits.production': to,
      changedAt: { paidUntil: licence.standing.paidUntil },
    },
    $push: {
      seatChangesDone: { $each: [key], $slice: -remembered },
      ...outboxPush([event, ...overLimit(licence, change), note]),
    },
    $inc: { planRev: 1 },
  });
  if (done !== null) await audit(context, note);
  const changed = await context.db.licences.find(licence._id);
  if (changed === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
  return changed;
}

/** The event that more nodes run than there are seats from now on. */
function overLimit(licence: Licence, { key, to: limit }: SeatChange): OutboxEvent[] {
  const used = seatsUsed(licence, 'production');
  if (used <= limit) return [];
  return [
    { type: 'seat.over-limit', key: `seats-${key}`, at: nowDate(), details: { mode: 'production', used, limit } },
  ];
}
