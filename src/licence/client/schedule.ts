/** When to check next. All values in ms; `random` is in [0, 1). */

/** After a good check: the interval, spread so that many nodes never come at the same moment. */
export function intervalDelay(intervalMs: number, jitterPct: number, random: number): number {
  return Math.round(intervalMs * (1 + (jitterPct / 100) * (2 * random - 1)));
}

/** After a failure: doubled each time up to the maximum, spread by a quarter, never earlier than the server asked. */
export function retryDelay(
  failures: number,
  limits: { firstMs: number; maxMs: number; intervalMs: number; retryAfterMs: number },
  random: number,
): number {
  const first = Math.min(limits.firstMs, limits.intervalMs);
  const doubled = Math.min(limits.maxMs, first * 2 ** Math.min(failures - 1, 20));
  return Math.round(Math.max(doubled * (0.75 + 0.25 * random), limits.retryAfterMs));
}
