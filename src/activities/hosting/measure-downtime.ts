import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../runtime/clock.ts';

/** Short enough to see that one process takes over from another one on the same machine. */
const pollIntervalMs = 20;

/**
 * Measures from outside for how long a server does not answer: the longest time from an answer to the next one with at
 * least one look without between them, until `stop`. A look that throws counts as one without an answer. The figure is
 * exact to the pause between two looks and the time that a look takes.
 */
export function measureDowntime(readHealth: () => Promise<unknown>) {
  let lastAnswerAt: number | null = null;
  let missed = false;
  let everMissed = false;
  let longestMs = 0;
  const stopped = new AbortController();
  const firstLook = Promise.withResolvers<void>();

  /** Counts what has been missed since the last answer, up to now. */
  function count(): void {
    if (missed && lastAnswerAt !== null) longestMs = Math.max(longestMs, monotonic() - lastAnswerAt);
  }

  async function watch(): Promise<void> {
    while (!stopped.signal.aborted) {
      const problem = await readHealth().catch((error: unknown) => error ?? 'no answer');
      if (problem !== undefined) {
        missed = true;
        everMissed = true;
      } else {
        count();
        missed = false;
        lastAnswerAt = monotonic();
      }
      firstLook.resolve();
      await delay(pollIntervalMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }
  const watching = watch();

  return {
    /** Ends when the server was looked at for the first time: who begins then has an answer to measure from. */
    firstLook: firstLook.promise,
    /** Whether the server did not answer at least once. */
    wasDown: () => everMissed,
    /** Ms; null when the server never answered, so that there is nothing to measure from. */
    downtimeMs: () => (lastAnswerAt === null ? null : Math.round(longestMs)),
    async stop(): Promise<void> {
      stopped.abort();
      await watching;
      // Somebody else may have seen the answer that ends a gap before the next look of this watch.
      count();
    },
  };
}
