import type { ReasonCode } from '../../contracts/reasons.ts';
import { OrderState } from '../../contracts/states.ts';

const unfulfilledEnds = ['declined', 'expired', 'cancelled', 'failed_refunded'] as const satisfies OrderState[];

/**
 * The allowed state transitions of an order.
 *
 * Every end but `fulfilled` goes through `cancelling`, also after a decline or an expiry, because an order ends only
 * when its money is settled. `settling` means a payment in flight: a debit that has neither succeeded nor failed.
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

/** The states from which an order may go to this one, as the condition of a compare-and-set. */
export function statesBefore(to: OrderState): OrderState[] {
  return OrderState.options.filter((from) => followers[from].includes(to));
}

/** The final state of an order that was not fulfilled, by the reason that started its cancellation. */
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

/** Whether somebody wanted the order undone; for any other reason something failed. */
export function isCancel(reason: ReasonCode): boolean {
  return reason === 'cancelled_by_customer' || reason === 'cancelled_by_operator';
}

/** When Stripe is checked for money of an order that ended without delivery, in ms. */
export interface MoneyReadTimes {
  /** Time from the order's end to the second check; the first one is part of the next sweep. */
  firstMs: number;
  /** Time from the order's end to the last check. */
  windowMs: number;
}

/**
 * When the money of an ended order is checked next, in ms since the epoch; undefined after the last check. Each check
 * comes at four times the age of the previous one, so an order costs only a few of them.
 */
export function nextMoneyReadAt(
  { endedAt, readAt }: { endedAt: number; readAt: number },
  { firstMs, windowMs }: MoneyReadTimes,
): number | undefined {
  const age = readAt - endedAt;
  if (age >= windowMs) return undefined;
  return endedAt + Math.min(windowMs, Math.max(firstMs, 4 * age));
}

/** Whether the order has reached its limit of declines. */
export function declinedTooOften(declines: number, limit: number): boolean {
  return declines >= limit;
}
