/** Waits between reads of a subscription, ms. */
export interface RenewalTimes {
  /** After the end of a paid period: Stripe charges the next one about an hour later. */
  renewalReadMs: number;
  /** While the current period is unpaid, or after the subscription has ended. */
  unpaidReadMs: number;
}

/** When a subscription is read next if no webhook arrives, in ms from `now` (ms since the epoch). */
export function msUntilNextRead(
  { now, paidUntil }: { now: number; paidUntil: Date | undefined },
  { renewalReadMs, unpaidReadMs }: RenewalTimes,
): number {
  const left = paidUntil ? paidUntil.getTime() - now : 0;
  return left > 0 ? left + renewalReadMs : unpaidReadMs;
}
