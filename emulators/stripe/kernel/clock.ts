import { now } from '../../../src/runtime/clock.ts';
import type { Database } from './database.ts';

/**
 * The emulator's clock: our processes' clock plus an offset, which only grows and survives restarts. Everything that
 * Stripe dates or delays uses it; only the signature of a webhook has the time at which it is really sent, because its
 * receiver requires a fresh one.
 */
export interface Clock {
  /** Seconds since the epoch, Stripe's unit. */
  seconds(): number;
  /** Ms since the epoch. */
  milliseconds(): number;
  /** Moves the clock forward to `milliseconds`; an earlier moment changes nothing. */
  moveTo(milliseconds: number): void;
}

const setting = 'clock_offset_ms';

/** The clock of this database. */
export function createClock(database: Database): Clock {
  const stored = database.row<{ value: string }>('SELECT value FROM settings WHERE name = ?', setting);
  let offset = Number(stored?.value ?? 0);
  const milliseconds = () => now() + offset;
  return {
    milliseconds,
    seconds: () => Math.floor(milliseconds() / 1000),
    moveTo: (target) => {
      offset = Math.max(offset, target - now());
      database.run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', setting, String(offset));
    },
  };
}
