/** Waits between looks at a subscription, ms. */
export interface RenewalTimes {
  /** After the end of a period that is paid: Stripe takes the money for the next one about an hour after it. */
  renewalLookMs: number;
  /** While the running period is not paid, or the subscription has ended. */
  unpaidLookMs: number;
}

/** When a subscription is looked at next though nobody tells news of it, in ms from `now` (ms since the epoch). */
export function msUntilNextLook(
  { now, paidUntil }: { now: number; paidUntil: Date | undefined },
  { renewalLookMs, unpaidLookMs }: RenewalTimes,
): number {
  const left = paidUntil ? paidUntil.getTime() - now : 0;
  return left > 0 ? left + renewalLookMs : unpaidLookMs;
}
