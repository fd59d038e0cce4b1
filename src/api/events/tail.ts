import type { TimelineEvent } from '../../contracts/events.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Store } from '../../store/store.ts';

/** The only reader of new events in this process; it wakes the followers of an instance. */
export interface Tail {
  /** Calls `wake` for every new event of the instance, until the returned function is called. */
  follow(instanceId: string, wake: (event: TimelineEvent) => void): () => void;
  stop(): Promise<void>;
}

/**
 * Reads the timeline in insertion order by the database's clock, every `intervalMs` while anybody follows. Each read
 * overlaps the previous one by some seconds, because a row may become visible after a younger one; rows already seen
 * are dropped. Only the database's clock is used, not that of this process or of a writer.
 */
export function createTail({
  store,
  log,
  intervalMs = 200,
  overlapMs = 5_000,
}: {
  store: Pick<Store, 'timeline'>;
  log: Log;
  intervalMs?: number;
  overlapMs?: number;
}): Tail {
  const followers = new Map<string, Set<(event: TimelineEvent) => void>>();
  /** Rows that were passed on, with the time of their insertion. */
  const seen = new Map<string, number>();
  /** The newest insertion and when this process saw it; undefined while nobody follows. */
  let newest: { at: number; seenAt: number } | undefined;
  /** Start of the next read. */
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();
  let stopped = false;

  async function read(): Promise<void> {
    newest ??= { at: (await store.timeline.newestInsertion())?.getTime() ?? 0, seenAt: monotonic() };
    // A late row is expected for the length of the overlap; older rows are not read again.
    const quietMs = Math.min(monotonic() - newest.seenAt, overlapMs);
    since = Math.max(since, newest.at - overlapMs + quietMs);
    for (const { rowId, insertedAt, event } of await store.timeline.insertedSince(new Date(since))) {
      if (insertedAt > newest.at) newest = { at: insertedAt, seenAt: monotonic() };
      if (seen.has(rowId)) continue;
      seen.set(rowId, insertedAt);
      for (const wake of followers.get(event.instanceId) ?? []) wake(event);
    }
    for (const [rowId, insertedAt] of seen) if (insertedAt < since) seen.delete(rowId);
  }

  function schedule(): void {
    if (timer || stopped || followers.size === 0) return;
    timer = setTimeout(() => {
      reading = read()
        .catch((error) => log.error({ err: error }, 'the tail of the timeline could not be read'))
        .then(() => {
          timer = undefined;
          schedule();
        });
    }, intervalMs);
  }

  return {
    follow(instanceId, wake) {
      const group = followers.get(instanceId) ?? new Set();
      followers.set(instanceId, group.add(wake));
      schedule();
      return () => {
        group.delete(wake);
        if (group.size === 0 && followers.get(instanceId) === group) followers.delete(instanceId);
        if (followers.size === 0) newest = undefined;
      };
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await reading;
    },
  };
}
