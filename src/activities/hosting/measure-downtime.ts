import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../runtime/clock.ts';

/** Short enough to notice one process taking over from another on the same machine. */
const pollIntervalMs = 20;

/**
 * Measures from outside how long a server does not answer: the longest time between two consecutive answers with at
 * least one failed poll between them, until `stop`. A poll that throws counts as failed. The figure is exact to the
 * poll interval plus the duration of a poll.
 */
export function measureDowntime(readHealth: () => Promise<unknown>) {
  let lastAnswerAt: number | null = null;
  let missed = false;
  let everMissed = false;
  let longestMs = 0;
  const stopped = new AbortController();
  const firstPoll = Promise.withResolvers<void>();

  /** Counts the downtime since the last answer, up to now. */
  function count(): void {
    if (missed && lastAnswerAt !== null) longestMs = Math.max(longestMs, monotonic() - lastAnswerAt);
  }

  async function poll(): Promise<void> {
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
      firstPoll.resolve();
      await delay(pollIntervalMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }
  const polling = poll();

  return {
    /** Resolves after the first poll: from then on there is an answer to measure from. */
    firstPoll: firstPoll.promise,
    /** Whether the server missed at least one poll. */
    wasDown: () => everMissed,
    /** Ms; null when the server never answered, so that there is nothing to measure from. */
    downtimeMs: () => (lastAnswerAt === null ? null : Math.round(longestMs)),
    async stop(): Promise<void> {
      stopped.abort();
      await polling;
      // The caller may have seen the answer that ends a downtime before the next poll here.
      count();
    },
  };
}
