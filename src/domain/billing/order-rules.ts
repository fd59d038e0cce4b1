import type { ReasonCode } from '../../contracts/reasons.ts';
import { OrderState } from '../../contracts/states.ts';

const unfulfilledEnds = ['declined', 'expired', 'cancelled', 'failed_refunded'] as const satisfies OrderState[];

/**
 * Which state of an order may follow which.
 *
 * Every end but `fulfilled` goes through `cancelling`, a decline and an expiry too, because only the settling of the
 * money ends an order. `settling` is money in flight: a debit that is neither paid nor failed.
 */
const followers: Readonly<Record<OrderState, readonly OrderState[]>> = {
  awaiting_payment: ['fulfilling', 'cancelling'],
  fulfilling: ['fulfilled', 'cancelling'],
  cancelling: ['settling', ...unfulfilledEnds],
  settling: unfulfilledEnds,
  fulfilled: [],
  declined: [],
  expired: [],
  cancelled: [],
  failed_refunded: [],
};

/** The states from which an order may go to this one: what a compare-and-set asks for. */
export function statesBefore(to: OrderState): OrderState[] {
  return OrderState.options.filter((from) => followers[from].includes(to));
}

/** How an order that was not fulfilled ends, by the reason that began its end. */
export function endStateOf(reason: ReasonCode): (typeof unfulfilledEnds)[number] {
  switch (reason) {
    case 'too_many_declines':
      return 'declined';
    case 'payment_expired':
      return 'expired';
    case 'cancelled_by_customer':
    case 'cancelled_by_operator':
      return 'cancelled';
    default:
      return 'failed_refunded';
  }
}

/** How often, and for how long, Stripe is asked for money of an order that ended without delivery, in ms. */
export interface MoneyReadTimes {
  /** The second look comes this long after the end; the first one comes with the next sweep. */
  firstMs: number;
  /** The last look comes this long after the end. */
  windowMs: number;
}

/**
 * When the next look at the money of an ended order is due, in ms since the epoch; undefined after the last one. Each
 * look comes at four times the age of the one before, so that an order costs a handful of looks.
 */
export function nextMoneyReadAt(
  { endedAt, readAt }: { endedAt: number; readAt: number },
  { firstMs, windowMs }: MoneyReadTimes,
): number | undefined {
  const age = readAt - endedAt;
  if (age >= windowMs) return undefined;
  return endedAt + Math.min(windowMs, Math.max(firstMs, 4 * age));
}

/** Whether an order has been declined so often that it ends. */
export function declinedTooOften(declines: number, limit: number): boolean {
  return declines >= limit;
}
