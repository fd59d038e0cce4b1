import type { Context, Emulator } from './context.ts';

interface Row {
  kind: string;
  object: string;
  at: number;
}

/** Schedules `kind` for the object at `at` (seconds); a second timer of the same kind and object replaces the first. */
export function schedule(ctx: Context, timer: { kind: string; object: string; at: number }): void {
  ctx.database.run(
    'INSERT OR REPLACE INTO timers (kind, object, at) VALUES (?, ?, ?)',
    timer.kind,
    timer.object,
    timer.at,
  );
}

/** Removes a timer, if there is one. */
export function unschedule(ctx: Context, timer: { kind: string; object: string }): void {
  ctx.database.run('DELETE FROM timers WHERE kind = ? AND object = ?', timer.kind, timer.object);
}

/** Runs every timer that is due, earliest first, each in its own transaction. */
export function runTimers(emulator: Emulator): void {
  for (;;) {
    const row = nextTimer(emulator, emulator.clock.seconds());
    if (!row) break;
    goOff(emulator, row);
  }
  emulator.deliveries.wake();
}

/** Advances the clock by `advanceMs`, stopping at every timer on the way so that each runs at its own time. */
export function advanceClock(emulator: Emulator, advanceMs: number): void {
  const target = emulator.clock.milliseconds() + advanceMs;
  for (;;) {
    const row = nextTimer(emulator, Math.floor(target / 1000));
    if (!row) break;
    emulator.clock.moveTo(row.at * 1000);
    goOff(emulator, row);
  }
  emulator.clock.moveTo(target);
  emulator.deliveries.wake();
}

function nextTimer({ database }: Emulator, until: number): Row | undefined {
  return database.row<Row>('SELECT kind, object, at FROM timers WHERE at <= ? ORDER BY at LIMIT 1', until);
}

function goOff(emulator: Emulator, row: Row): void {
  const ctx: Context = { ...emulator, request: { id: null, idempotency_key: null }, publishable: false };
  emulator.database.transaction(() => {
    unschedule(ctx, row);
    for (const resource of emulator.resources.values()) resource.timers?.[row.kind]?.(ctx, row.object);
  });
}
