import type { Request, Response } from 'express';
import type { ApiConfig } from '../../config.ts';
import type { TimelineEvent } from '../../contracts/events.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Log } from '../../runtime/log.ts';
import type { Store } from '../../store/store.ts';
import { customerEvent } from '../views/event-view.ts';
import type { Tail } from './tail.ts';

/**
 * Interval of the comment that keeps proxies from closing an idle stream, and at which a stream checks for missed
 * events.
 */
const heartbeatMs = 15_000;
/** After this time a stream ends, so that its client passes the guard again. */
const lifetimeMs = 60 * 60_000;
/** A client with this many unread bytes is disconnected; it can resume where it was. */
const backlogBytes = 1_048_576;
const pageSize = 200;

export interface Subject {
  instanceId: string;
  /** Only the events of this order, and those of its server that belong to no order. */
  orderId?: string;
}

/** Whether an event of an instance belongs to the subject that a client follows. */
export function concerns(event: TimelineEvent, { orderId }: Pick<Subject, 'orderId'>): boolean {
  return orderId === undefined || event.orderId === undefined || event.orderId === orderId;
}

export interface Streams {
  /**
   * Streams the events of an instance with a number above `after`: first what is stored, then live, without a gap or a
   * duplicate. Throws `too_many_requests` over the limits of streams.
   */
  open(to: { request: Request; response: Response; ip: string }, subject: Subject, after: number): Promise<void>;
  /** Ends every stream; clients reconnect, here or to another process. */
  closeAll(): void;
}

/**
 * The event streams of one process. The tail only wakes a stream. What it sends next follows from the store's sequence
 * numbers, which have no gaps; each heartbeat also reads the store.
 */
export function createStreams(deps: {
  store: Pick<Store, 'timeline'>;
  tail: Tail;
  log: Log;
  config: Pick<ApiConfig, 'FREEHOLD_STREAMS' | 'FREEHOLD_STREAMS_PER_IP'>;
}): Streams {
  const { store, tail, log, config } = deps;
  const closers = new Set<() => void>();
  const perIp = new Map<string, number>();

  function enter(ip: string): () => void {
    const ofIp = perIp.get(ip) ?? 0;
    if (closers.size >= config.FREEHOLD_STREAMS || ofIp >= config.FREEHOLD_STREAMS_PER_IP) {
      throw new ReasonError('too_many_requests', 'too many open event streams', { retryAfterMs: 10_000 });
    }
    perIp.set(ip, ofIp + 1);
    return () => {
      const left = (perIp.get(ip) ?? 1) - 1;
      if (left > 0) perIp.set(ip, left);
      else perIp.delete(ip);
    };
  }

  async function open(
    { request, response, ip }: { request: Request; response: Response; ip: string },
    subject: Subject,
    after: number,
  ): Promise<void> {
    const leave = enter(ip);
    let last = after;
    let pumping = false;
    let isRequested = false;
    let closed = false;

    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    response.write('retry: 2000\n\n');

    function send(event: TimelineEvent): void {
      last = event.sequence;
      if (!concerns(event, subject)) return;
      response.write(`id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(customerEvent(event))}\n\n`);
      if (response.writableLength > backlogBytes) close();
    }

    /** Sends what the store has above `last`; a call while it runs makes it read once more. */
    async function pump(): Promise<void> {
      isRequested = true;
      if (pumping) return;
      pumping = true;
      try {
        while (isRequested && !closed) {
          isRequested = false;
          const page = await store.timeline.page(subject.instanceId, last, pageSize);
          for (const event of page) if (!closed) send(event);
          if (page.length === pageSize) isRequested = true;
        }
      } catch (error) {
        log.error({ err: error }, 'a stream could not be read on');
        close();
      } finally {
        pumping = false;
      }
    }

    const unfollow = tail.follow(subject.instanceId, (event) => {
      if (event.sequence <= last || closed) return;
      if (!pumping && event.sequence === last + 1) send(event);
      else void pump();
    });
    const heartbeat = setInterval(() => {
      response.write(': still here\n\n');
      void pump();
    }, heartbeatMs);
    const end = setTimeout(close, lifetimeMs);

    function close(): void {
      if (closed) return;
      closed = true;
      unfollow();
      clearInterval(heartbeat);
      clearTimeout(end);
      closers.delete(close);
      leave();
      response.end();
    }
    closers.add(close);
    request.on('close', close);
    response.on('close', close);
    await pump();
  }

  return {
    open,
    closeAll() {
      for (const close of [...closers]) close();
    },
  };
}
