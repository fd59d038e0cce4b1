import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedOrder } from '../src/contracts/api/orders.ts';
import type { TimelineEvent } from '../src/contracts/events.ts';
import { type OrderState, orderHasEnded } from '../src/contracts/states.ts';
import type { Customer } from '../src/embedded/demo/customer.ts';
import type { Moment } from './schedule.ts';

/** An order as seen through its live stream. */
export interface Followed {
  /** Resolves true at the moment, false when the order ended without reaching it. */
  reached(moment: Moment): Promise<boolean>;
  /** Resolves with the final state once order and operation have ended. */
  ended: Promise<OrderState>;
  readonly state: OrderState;
  /** Sequence numbers in the order of arrival. */
  readonly streamed: readonly number[];
  readonly events: readonly TimelineEvent[];
}

/** Statuses that imply an earlier one: a step that succeeded has been running. */
const implies: Readonly<Record<string, Moment['status'] | undefined>> = {
  running: 'running',
  waiting: 'running',
  retrying: 'running',
  needs_operator: 'running',
  succeeded: 'succeeded',
  skipped: 'succeeded',
};

const endedOperations = ['succeeded', 'failed', 'cancelled'];

/** Follows an order's live stream from its start, reconnecting as needed, until it ends or `signal` aborts. */
export function follow(customer: Customer, order: AcceptedOrder, signal: AbortSignal): Followed {
  const events: TimelineEvent[] = [];
  const streamed: number[] = [];
  const waiting = new Set<{ moment: Moment; settle: (come: boolean) => void }>();
  let state: OrderState = 'awaiting_payment';
  let operationEnded = false;

  const hasCome = ({ step, status }: Moment, event: TimelineEvent) =>
    event.type === 'step' &&
    event.step === step &&
    (implies[event.status] === status || (status === 'running' && implies[event.status] !== undefined));
  const isOver = () => operationEnded && orderHasEnded(state);

  const take = (event: TimelineEvent) => {
    if (event.sequence <= (events.at(-1)?.sequence ?? 0)) return;
    events.push(event);
    streamed.push(event.sequence);
    if (event.type === 'order') state = event.state;
    if (event.type === 'operation') operationEnded = endedOperations.includes(event.status);
    for (const each of waiting) {
      if (!hasCome(each.moment, event)) continue;
      waiting.delete(each);
      setTimeout(() => each.settle(true), each.moment.afterMs);
    }
  };

  const ended = (async () => {
    while (!isOver()) {
      signal.throwIfAborted();
      const stop = new AbortController();
      try {
        for await (const event of customer.events(order, AbortSignal.any([signal, stop.signal]))) {
          take(event);
          if (isOver()) break;
        }
      } catch {
        // The API is unavailable; the stream resumes when it is back.
        await delay(300);
      } finally {
        stop.abort();
      }
    }
    for (const each of waiting) each.settle(false);
    waiting.clear();
    return state;
  })();
  ended.catch(() => {
    for (const each of waiting) each.settle(false);
    waiting.clear();
  });

  return {
    reached(moment) {
      if (events.some((event) => hasCome(moment, event))) return delay(moment.afterMs).then(() => true);
      if (isOver() || signal.aborted) return Promise.resolve(false);
      return new Promise((settle) => waiting.add({ moment, settle }));
    },
    ended,
    get state() {
      return state;
    },
    streamed,
    events,
  };
}
