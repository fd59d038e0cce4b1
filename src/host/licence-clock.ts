import { machineClock } from '../licence/client/clock.ts';
import type { LicenceClock } from '../licence/client/types.ts';
import { monotonic, now } from '../runtime/clock.ts';

/** The clock of all our processes, in the form that the licence client needs. */
export const licenceClock: LicenceClock = { ...machineClock, now, monotonic };
