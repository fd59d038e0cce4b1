import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError } from '../contracts/reasons.ts';
import { monotonic } from '../runtime/clock.ts';

/** How long a machine may take from one state to the next, ms. */
const timeoutMs = 600_000;

/**
 * Polls until `read` returns something, and returns that. Throws `cloud_unavailable` after 10 min, and the abort
 * reason of `signal`.
 */
export async function waitForMachine<T>(
  read: () => Promise<T | undefined>,
  { serverId, pauseMs, signal }: { serverId: string; pauseMs: number; signal: AbortSignal },
): Promise<T> {
  const begun = monotonic();
  for (;;) {
    const seen = await read();
    if (seen !== undefined) return seen;
    if (monotonic() - begun > timeoutMs) {
      throw new ReasonError('cloud_unavailable', `machine ${serverId} does not come to rest`);
    }
    await delay(pauseMs, undefined, { signal });
  }
}
