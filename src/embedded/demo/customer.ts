import { setTimeout as delay } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type Dispatcher, fetch, getGlobalDispatcher, request } from 'undici';
import { AcceptedOrder, OrderDetails, OrderPaymentAnswer, type OrderRequest } from '../../contracts/api/orders.ts';
import { Quote, type QuoteRequest } from '../../contracts/api/quotes.ts';
import { TimelineEvent } from '../../contracts/events.ts';
import { Problem } from '../../contracts/problem.ts';

/** An answer of the API that is a problem document. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
    this.problem = problem;
  }
}

/** A customer without an account, who uses only the public HTTP API. Errors: ApiProblem. */
export interface Customer {
  quote(request: QuoteRequest): Promise<Quote>;
  order(request: OrderRequest, idempotencyKey: string): Promise<AcceptedOrder>;
  /** Waits until there is something to pay. */
  payment(order: AcceptedOrder, signal: AbortSignal): Promise<OrderPaymentAnswer>;
  details(order: AcceptedOrder): Promise<OrderDetails>;
  cancel(order: AcceptedOrder): Promise<void>;
  /** The timeline from its beginning, live; resumes after a lost connection. */
  events(order: AcceptedOrder, signal: AbortSignal): AsyncGenerator<TimelineEvent>;
  isNameFree(name: string, cloud: string): Promise<boolean>;
}

const reconnectMs = 300;

/** A customer of the API at `api`; `dispatcher` opens the connections. */
export function createCustomer(api: string, dispatcher: Dispatcher = getGlobalDispatcher()): Customer {
  async function call(
    path: string,
    init: { method?: Dispatcher.HttpMethod; headers?: Record<string, string>; body?: unknown } = {},
  ) {
    const { method = 'GET', headers, body } = init;
    const answer = await request(new URL(path, api), {
      method,
      dispatcher,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const document: unknown = text === '' ? null : JSON.parse(text);
    if (answer.statusCode >= 400) throw new ApiProblem(Problem.parse(document));
    return document;
  }
  const key = (order: AcceptedOrder) => ({ authorization: `Bearer ${order.capability}` });

  return {
    quote: async (request) => Quote.parse(await call('/v1/quotes', { method: 'POST', body: request })),
    async order(request, idempotencyKey) {
      const headers = { 'idempotency-key': idempotencyKey };
      return AcceptedOrder.parse(await call('/v1/orders', { method: 'POST', headers, body: request }));
    },
    async payment(order, signal) {
      for (;;) {
        signal.throwIfAborted();
        try {
          return OrderPaymentAnswer.parse(await call(order.links.payment, { headers: key(order) }));
        } catch (error) {
          if (!(error instanceof ApiProblem) || error.problem.code !== 'payment_not_ready') throw error;
        }
      }
    },
    details: async (order) => OrderDetails.parse(await call(order.links.self, { headers: key(order) })),
    async cancel(order) {
      await call(order.links.cancel, { method: 'POST', headers: key(order) });
    },
    async *events(order, signal) {
      let last = 0;
      while (!signal.aborted) {
        try {
          for await (const event of connect(order, last, signal)) {
            last = event.sequence;
            yield event;
          }
        } catch (error) {
          if (signal.aborted) return;
          // Undici reports a lost connection as a TypeError. Retry when the server fails; any other error is a mistake.
          const isServerFailing = error instanceof ApiProblem && error.problem.status >= 500;
          if (!isServerFailing && !(error instanceof TypeError)) throw error;
        }
        await delay(reconnectMs, undefined, { signal }).catch(() => {});
      }
    },
    async isNameFree(name, cloud) {
      const answer = await call(`/v1/hostnames/${encodeURIComponent(name)}?cloud=${cloud}`);
      return (answer as { available: boolean }).available;
    },
  };

  async function* connect(order: AcceptedOrder, last: number, signal: AbortSignal): AsyncGenerator<TimelineEvent> {
    const answer = await fetch(order.links.events, {
      dispatcher,
      headers: { accept: 'text/event-stream', 'last-event-id': String(last), ...key(order) },
      signal,
    });
    if (!answer.ok || !answer.body) throw new ApiProblem(Problem.parse(await answer.json()));
    const body = answer.body as ReadableStream<Uint8Array<ArrayBuffer>>;
    const messages = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of messages) {
      const event = TimelineEvent.safeParse(JSON.parse(data));
      if (event.success) yield event.data;
    }
  }
}
