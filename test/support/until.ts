import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `condition` returns a truthy value, and returns it; fails after `limitMs`, naming `what` it waited for. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what = 'a condition holds', limitMs = 10_000, everyMs = 20 } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await delay(everyMs);
  }
}
