import { type ClockName, clockFile, clocks } from '../src/embedded/processes.ts';
import { writeFileSafely } from '../src/embedded/state-folder.ts';

/** Shifts the clocks of our running processes by an offset in ms, for one kind of process or all. */
export function shiftClock(stateDir: string, whose: ClockName | 'all', offsetMs: number): void {
  for (const name of whose === 'all' ? clocks : [whose]) writeFileSafely(clockFile(stateDir, name), String(offsetMs));
}
