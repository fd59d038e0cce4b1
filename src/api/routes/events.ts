import type { Request, Response } from 'express';
import { z } from 'zod';
import { AfterEvent, Event, EventPage, EventQuery } from '../../contracts/api/events.ts';
import { InstanceId, OrderId } from '../../contracts/ids.ts';
import { streamed } from '../../routing/answer.ts';
import { route } from '../../routing/route.ts';
import type { ApiDeps } from '../deps.ts';
import { concerns, type Subject } from '../events/stream.ts';
import { requireAccount } from '../guards/require-account.ts';
import { misfitReason } from '../problems.ts';
import { customerEvent } from '../views/event-view.ts';
import { ownInstance } from './instances.ts';

const LastEventId = z.object({ 'last-event-id': AfterEvent });

const description =
  'With `Accept: text/event-stream` a stream of server-sent events that begins after `Last-Event-ID` (or `after`) and ' +
  'stays open: `id` is the sequence number, `event` the type, `data` the event. Otherwise one page of the same events ' +
  'in JSON. Sequence numbers are those of the instance. A number above its newest event is `invalid_request`.';

export const eventRoutes = [
  route({
    method: 'get',
    path: '/v1/orders/{id}/events',
    tag: 'Orders',
    summary: 'Live events of an order',
    description,
    guard: requireAccount('viewer', { order: true }),
    params: z.object({ id: OrderId }),
    query: EventQuery,
    headers: LastEventId,
    answers: { 200: EventPage },
    stream: Event,
    problems: [],
    handler: ({ caller: { order }, ...input }) =>
      answerEvents({ instanceId: order.instanceId, orderId: order._id }, input),
  }),
  route({
    method: 'get',
    path: '/v1/instances/{id}/events',
    tag: 'Instances',
    summary: 'Live events of a server',
    description,
    guard: requireAccount('viewer'),
    params: z.object({ id: InstanceId }),
    query: EventQuery,
    headers: LastEventId,
    answers: { 200: EventPage },
    stream: Event,
    problems: [],
    handler: async ({ caller, ...input }) => {
      const instance = await ownInstance(input.deps, caller, input.params.id);
      return answerEvents({ instanceId: instance._id }, input);
    },
  }),
];

async function answerEvents(
  subject: Subject,
  input: {
    query: z.output<typeof EventQuery>;
    headers: z.output<typeof LastEventId>;
    deps: ApiDeps;
    request: Request;
    response: Response;
    ip: string;
  },
) {
  const { query, headers, deps, request, response, ip } = input;
  const after = headers['last-event-id'] ?? query.after ?? 0;
  await requireExistingEvent(deps, subject, { after, isHeader: headers['last-event-id'] !== undefined });
  if (request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream') {
    await deps.streams.open({ request, response, ip }, subject, after);
    return streamed;
  }
  const page = await deps.store.timeline.page(subject.instanceId, after, query.limit);
  const events = page.filter((event) => concerns(event, subject)).map(customerEvent);
  const next = page.at(-1)?.sequence ?? after;
  return {
    status: 200 as const,
    body: { events, next, more: page.length === query.limit },
    headers: { 'Retry-After': '2' },
  };
}

/** After an event that does not exist, nothing would come for a long time. Throws `invalid_request`. */
async function requireExistingEvent(
  { store }: ApiDeps,
  { instanceId }: Subject,
  { after, isHeader }: { after: number; isHeader: boolean },
): Promise<void> {
  const newest = after === 0 ? 0 : await store.timeline.lastSequence(instanceId);
  if (after <= newest) return;
  const [part, name] = isHeader ? (['headers', 'last-event-id'] as const) : (['query', 'after'] as const);
  const message = `there is no event ${after}; the newest is ${newest}`;
  throw misfitReason([{ code: 'custom', path: [name], message }], part);
}
