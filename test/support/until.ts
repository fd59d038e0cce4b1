import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `look` answers something truthy, and gives it; fails with `what` after `limitMs`. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { limitMs = 10_000, everyMs = 20 } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await look();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await delay(everyMs);
  }
}
