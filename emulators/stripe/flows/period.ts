/** A billing interval as a price carries it. */
export interface Interval {
  interval: string;
  interval_count: number;
}

/**
 * The end of a billing period that starts at `start` (seconds, UTC). In a month without that day it ends on the last
 * one, like Stripe's billing periods.
 */
export function periodEnd(start: number, { interval, interval_count: count }: Interval): number {
  if (interval === 'day') return start + count * 86_400;
  if (interval === 'week') return start + count * 7 * 86_400;
  const from = new Date(start * 1000);
  const months = from.getUTCMonth() + (interval === 'year' ? 12 * count : count);
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), months + 1, 0)).getUTCDate();
  const end = new Date(from);
  end.setUTCFullYear(from.getUTCFullYear(), months, Math.min(from.getUTCDate(), lastDay));
  return Math.floor(end.getTime() / 1000);
}

/** The first end of a period after `after` (seconds), counted from the anchor, so that the 31st comes back. */
export function nextPeriodEnd(anchor: number, after: number, { interval, interval_count: count }: Interval): number {
  for (let periods = 1; ; periods += 1) {
    const end = periodEnd(anchor, { interval, interval_count: count * periods });
    if (end > after) return end;
  }
}
