import { setTimeout as delay } from 'node:timers/promises';
import { nowDate } from '../../../runtime/clock.ts';
import type { ServerContext } from '../context.ts';
import type { Delivery } from '../store/deliveries.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Deliveries in one update. */
const most = 100;
/** How long deliveries are gathered for one update, ms: each update costs about the same, however many it writes. */
const gatherMs = 200;

/**
 * Records deliveries that succeeded: those that end while an update runs are written together by the next one. If an
 * update fails, its deliveries stay claimed and are made again when their claim expires, under the same `webhook-id`.
 */
export function createDeliveredRecorder({ db, log }: Pick<ServerContext, 'db' | 'log'>) {
  const ended: { delivery: Delivery; outcome: string }[] = [];
  const unrecorded = new Set<string>();

  async function write(): Promise<void> {
    while (ended.length > 0) {
      if (ended.length < most) await delay(gatherMs);
      const batch = ended.splice(0, most);
      try {
        for (const [outcome, those] of Map.groupBy(batch, (one) => one.outcome)) {
          const held = those.map(({ delivery }) => delivery);
          await db.deliveries.settleAll(held, { status: 'delivered', lastOutcome: outcome, endedAt: nowDate() });
        }
      } finally {
        for (const { delivery } of batch) unrecorded.delete(delivery._id);
      }
    }
  }

  const writer = oneAtATime(write, (error) =>
    log.warn({ err: error }, 'deliveries that succeeded were not recorded; they are made again'),
  );
  return {
    add(delivery: Delivery, outcome: string): void {
      ended.push({ delivery, outcome });
      unrecorded.add(delivery._id);
      writer.request();
    },
    /** Ids of those that are not recorded yet. */
    unrecorded: (): string[] => [...unrecorded],
    /** Resolves when all that were added are recorded. */
    ended: writer.ended,
  };
}
