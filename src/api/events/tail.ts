import { now } from '../../contracts/clock.ts';
import type { TimelineEvent } from '../../contracts/events.ts';
import type { Log } from '../../contracts/log.ts';
import type { Store } from '../../store/store.ts';

/** The one reader of new events in this process; it wakes those who follow an instance. */
export interface Tail {
  /** Calls `wake` for every new event of the instance, until the returned function is called. */
  follow(instanceId: string, wake: (event: TimelineEvent) => void): () => void;
  stop(): Promise<void>;
}

/**
 * Reads the timeline in insertion order, every `intervalMs` while anybody follows, each time some seconds back: a row
 * may become visible after a younger one, and clocks of writers differ. What was seen is dropped.
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
  /** Rows that were passed on, with the time after which no read can bring them again. */
  const seen = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();
  let stopped = false;

  async function read(): Promise<void> {
    const since = now() - overlapMs;
    for (const { rowId, event } of await store.timeline.insertedSince(since)) {
      if (seen.has(rowId)) continue;
      seen.set(rowId, now());
      for (const wake of followers.get(event.instanceId) ?? []) wake(event);
    }
    // Ids tell whole seconds, so a read may reach one second further back than it asked for.
    for (const [rowId, at] of seen) if (at < since - 2_000) seen.delete(rowId);
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
      };
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await reading;
    },
  };
}
