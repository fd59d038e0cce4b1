import type { TimelineEvent } from '../../contracts/events.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Store } from '../../store/store.ts';

/** The one reader of new events in this process; it wakes those who follow an instance. */
export interface Tail {
  /** Calls `wake` for every new event of the instance, until the returned function is called. */
  follow(instanceId: string, wake: (event: TimelineEvent) => void): () => void;
  stop(): Promise<void>;
}

/**
 * Reads the timeline in the order of insertion by the database's clock, every `intervalMs` while anybody follows, each
 * time some seconds back from the newest: a row may become visible after a younger one. What was seen is dropped. No
 * other clock counts: neither that of this process nor those of the writers.
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
  /** The newest insertion, and when it was seen here; unknown while nobody follows. */
  let newest: { at: number; seenAt: number } | undefined;
  /** From where the next read reads. */
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();
  let stopped = false;

  async function read(): Promise<void> {
    newest ??= { at: (await store.timeline.newestInsertion())?.getTime() ?? 0, seenAt: monotonic() };
    // A row is waited for as long after a younger one as the overlap; what is older then is read no more.
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
