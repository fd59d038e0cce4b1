import { monotonic, now } from '../contracts/clock.ts';
import type { LicenceClock } from '../licence/client/types.ts';

/** Node fires at once beyond this many ms. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of all our processes, as the licence client asks for it. */
export const licenceClock: LicenceClock = {
  now,
  monotonic,
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, longestTimerMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
