/** When to check next. All values in ms; `random` is in [0, 1). */

export interface RetryLimits {
  firstMs: number;
  maxMs: number;
  intervalMs: number;
  /** Delay requested by the last answer; 0 if none. */
  retryAfterMs: number;
}

/**
 * A Retry-After longer than this and than the interval is treated as a mistake, because it would use up the grace
 * period. ms
 */
const longestWaitMs = 3_600_000;

/** After a successful check: the interval, with jitter so that many nodes never come at the same moment. */
export function intervalDelay(intervalMs: number, jitterPct: number, random: number): number {
  return Math.round(intervalMs * (1 + (jitterPct / 100) * (2 * random - 1)));
}

/**
 * After a failure: doubled each time up to the maximum, with jitter of a quarter. Never earlier than the server asked,
 * with jitter of a quarter on top.
 */
export function retryDelay(failures: number, limits: RetryLimits, random: number): number {
  const first = Math.min(limits.firstMs, limits.intervalMs);
  const doubled = Math.min(limits.maxMs, first * 2 ** Math.min(failures - 1, 20));
  const asked = Math.min(limits.retryAfterMs, Math.max(limits.intervalMs, longestWaitMs));
  return Math.round(Math.max(doubled * (0.75 + 0.25 * random), asked * (1 + 0.25 * random)));
}

/** How many process starts are stored, and for how long: more than `freeStarts` in that time are a restart loop. */
export const rememberedStarts = 20;
const loopMs = 600_000;
const freeStarts = 5;

/** The starts that count when a process starts `now`, this one last. */
export function countStart(starts: number[], now: number): number[] {
  return [...starts.filter((at) => Math.abs(now - at) < loopMs), now].slice(-rememberedStarts);
}

/**
 * How long a process waits after its start before it asks: not at all, but in a restart loop as long after the last
 * attempt as a process that keeps running would. So a supervisor that restarts for ever does not flood the server.
 */
export function startDelay(
  { starts, attemptedAt }: { starts: number[]; attemptedAt: number },
  limits: RetryLimits,
  at: { now: number; random: number },
): number {
  const tooMany = starts.length - freeStarts;
  if (tooMany <= 0) return 0;
  const wait = retryDelay(tooMany, limits, at.random);
  return Math.min(wait, Math.max(0, attemptedAt + wait - at.now));
}
