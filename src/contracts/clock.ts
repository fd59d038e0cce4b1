/**
 * The one clock that all of Freehold's own processes read.
 *
 * A campaign that shifts time shifts it here, through `FREEHOLD_CLOCK_OFFSET_MS`; Temporal, the Pulumi engine and the
 * database keep their own.
 */
const offsetMs = Number(process.env.FREEHOLD_CLOCK_OFFSET_MS ?? 0);

/** Wall clock in ms since the epoch. */
export function now(): number {
  return Date.now() + offsetMs;
}

/** Wall clock as a Date. */
export function today(): Date {
  return new Date(now());
}

/** Monotonic ms since the process started; never shifted, never jumps. */
export function monotonic(): number {
  return performance.now();
}
