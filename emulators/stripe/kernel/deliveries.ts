import { Stripe } from 'stripe';
import { now } from '../../../src/runtime/clock.ts';
import type { Log } from '../../../src/runtime/log.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import type { Faults } from './faults.ts';
import type { Store } from './store.ts';

/**
 * Outgoing webhooks: at least once, unordered, signed as Stripe signs, retried with doubling delays. The queue is in
 * the database, so a restart continues where a killed process stopped.
 */
export interface Deliveries {
  /** Queues one event for one endpoint, in the running transaction. */
  queue(eventId: string, endpointId: string): void;
  /** How many endpoints have not yet acknowledged the event. */
  pending(eventId: string): number;
  /** Ids of the events whose webhooks were all acknowledged, or of those with one that was not (yet). */
  events(filter: { delivered: boolean }): string[];
  /** How many webhooks are still to be sent, without dropped and given-up ones. */
  waiting(): number;
  /** Sends due webhooks; called after every commit. */
  wake(): void;
  stop(): void;
}

type State = 'waiting' | 'delivered' | 'dropped' | 'given_up';

interface Row {
  id: number;
  event: string;
  endpoint: string;
  attempts: number;
}

const parallel = 8;
const answerWithinMs = 10_000;
const reorderWindowMs = 500;

/** Deliveries of this database; `wake` starts those that an earlier process left. */
export function createDeliveries({
  config,
  database,
  clock,
  store,
  faults,
  log,
}: {
  config: Config;
  database: Database;
  clock: Clock;
  store: Store;
  faults: Faults;
  log: Log;
}): Deliveries {
  const sending = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  const stopping = new AbortController();

  const mark = (row: Row, state: State, due = clock.milliseconds()) => {
    if (stopping.signal.aborted) return;
    database.run(
      'UPDATE deliveries SET state = ?, attempts = ?, due = ? WHERE id = ?',
      state,
      row.attempts + 1,
      due,
      row.id,
    );
  };

  const deliver = async (row: Row) => {
    const refused = await send(row);
    if (refused === null) return mark(row, 'delivered');
    const attempts = row.attempts + 1;
    const givenUp = attempts >= config.retryAttempts;
    log.warn({ event: row.event, endpoint: row.endpoint, attempts, refused, givenUp }, 'webhook not delivered');
    if (givenUp) return mark(row, 'given_up');
    mark(row, 'waiting', clock.milliseconds() + Math.min(config.retryCapMs, config.retryBaseMs * 2 ** row.attempts));
  };

  /** Null if acknowledged, otherwise why not. */
  const send = async (row: Row): Promise<string | null> => {
    const event = store.find('event', row.event);
    const endpoint = store.find('webhook_endpoint', row.endpoint);
    const secret = store.hidden<{ secret: string }>(row.endpoint)?.secret;
    if (!event || !endpoint || secret === undefined || endpoint.status !== 'enabled') return 'no such endpoint';
    const payload = JSON.stringify({ ...event, pending_webhooks: deliveries.pending(row.event) }, null, 2);
    const signature = Stripe.webhooks.generateTestHeaderString({
      payload,
      secret,
      timestamp: Math.floor(now() / 1000),
    });
    try {
      const answer = await fetch(endpoint.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signature,
          'user-agent': 'Stripe/1.0 (Freehold Stripe emulator)',
        },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(answerWithinMs), stopping.signal]),
      });
      await answer.body?.cancel();
      return answer.ok ? null : `HTTP ${answer.status}`;
    } catch (error) {
      return error instanceof Error ? String(error.cause ?? error.message) : String(error);
    }
  };

  const pump = () => {
    timer = undefined;
    if (stopping.signal.aborted) return;
    const free = (faults.webhooks.reorder ? 1 : parallel) - sending.size;
    const order = faults.webhooks.reorder ? 'due, id DESC' : 'due, id';
    const rows = database
      .rows<Row & { due: number }>(
        `SELECT id, event, endpoint, attempts, due FROM deliveries WHERE state = 'waiting' ORDER BY ${order} LIMIT ?`,
        parallel * 2,
      )
      .filter((row) => !sending.has(row.id));
    const due = rows.filter((row) => row.due <= clock.milliseconds()).slice(0, Math.max(0, free));
    for (const row of due) {
      sending.add(row.id);
      void deliver(row)
        .catch((error) => log.error({ err: error }, 'webhook delivery broke'))
        .finally(() => {
          sending.delete(row.id);
          deliveries.wake();
        });
    }
    const next = rows.find((row) => row.due > clock.milliseconds());
    if (next && due.length < free) timer = setTimeout(pump, Math.max(1, next.due - clock.milliseconds()));
  };

  const deliveries: Deliveries = {
    queue: (eventId, endpointId) => {
      const { drop, duplicate, reorder, delayMs = 0 } = faults.webhooks;
      const type = store.get('event', eventId).type;
      const dropped = drop === true || (Array.isArray(drop) && drop.includes(type));
      const wait = reorder ? reorderWindowMs - (clock.milliseconds() % reorderWindowMs) : delayMs;
      for (let copy = 0; copy < (duplicate ? 2 : 1); copy += 1) {
        database.run(
          'INSERT INTO deliveries (event, endpoint, state, due) VALUES (?, ?, ?, ?)',
          eventId,
          endpointId,
          dropped ? 'dropped' : 'waiting',
          clock.milliseconds() + wait,
        );
      }
    },
    pending: (eventId) =>
      database.row<{ count: number }>(
        "SELECT count(DISTINCT endpoint) AS count FROM deliveries WHERE event = ? AND state <> 'delivered'",
        eventId,
      )?.count ?? 0,
    events: ({ delivered }) =>
      database
        .rows<{ event: string }>(
          `SELECT event FROM deliveries GROUP BY event HAVING max(state <> 'delivered') = ${delivered ? 0 : 1}`,
        )
        .map((row) => row.event),
    waiting: () =>
      database.row<{ count: number }>("SELECT count(*) AS count FROM deliveries WHERE state = 'waiting'")!.count,
    wake: () => {
      if (stopping.signal.aborted) return;
      clearTimeout(timer);
      timer = setTimeout(pump, 0);
    },
    stop: () => {
      stopping.abort();
      clearTimeout(timer);
    },
  };
  return deliveries;
}
