import type { LicenceClock } from './types.ts';

/** Node fires at once beyond this many ms. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own clocks. Its timers never keep a process alive. */
export const machineClock: LicenceClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, longestTimerMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
