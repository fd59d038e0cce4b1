import { machineClock } from '../licence/client/clock.ts';
import type { LicenceClock } from '../licence/client/types.ts';
import { monotonic, now } from '../runtime/clock.ts';

/** The clock of all our processes, as the licence client asks for it. */
export const licenceClock: LicenceClock = { ...machineClock, now, monotonic };
