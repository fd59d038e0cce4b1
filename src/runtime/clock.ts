/**
 * The one clock that all of Freehold's own processes read.
 *
 * Tests and campaigns shift time here: by `FREEHOLD_CLOCK_OFFSET_MS` from the start of a process, or at runtime by the
 * file that `FREEHOLD_CLOCK_FILE` names. Temporal, the Pulumi engine and the database keep their own time.
 */
import { readFileSync } from 'node:fs';

const startOffsetMs = Number(process.env.FREEHOLD_CLOCK_OFFSET_MS ?? 0);
const clockFile = process.env.FREEHOLD_CLOCK_FILE;

/** Maximum age of the last read value, ms: a jump is seen within this time. */
const rereadMs = 20;

/** The offset in a file, a whole number of ms, in force as soon as it is written. */
function offsetOf(file: string): () => number {
  let offsetMs = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (monotonic() - readAt < rereadMs) return offsetMs;
    const written = readFileSync(file, 'utf8');
    if (!/^-?\d+\s*$/.test(written)) throw new RangeError(`${file} does not contain a whole number of ms`);
    offsetMs = Number(written);
    readAt = monotonic();
    return offsetMs;
  };
}

const offset = clockFile ? offsetOf(clockFile) : () => 0;

/** Wall clock in ms since the epoch. */
export function now(): number {
  return Date.now() + startOffsetMs + offset();
}

/** Wall clock as a Date. */
export function nowDate(): Date {
  return new Date(now());
}

/** Monotonic ms since the process started; never shifted, never jumps. */
export function monotonic(): number {
  return performance.now();
}
