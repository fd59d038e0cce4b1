import { z } from 'zod';
import { noBody } from '../../../routing/answer.ts';
import { route } from '../../../routing/route.ts';
import { IdempotencyKey } from '../../protocol/admin.ts';
import {
  CreateWebhook,
  DeliveryId,
  DeliveryList,
  DeliveryQuery,
  DeliveryView,
  Redelivered,
  WebhookId,
  WebhookList,
  WebhookView,
} from '../../protocol/events.ts';
import {
  createWebhook,
  deleteWebhook,
  enableWebhook,
  listDeliveries,
  listWebhooks,
  redeliver,
  redeliverDead,
  rotateSecret,
} from '../events/webhooks-admin.ts';
import { requireAdmin } from '../guards/require-admin.ts';

const tag = 'webhooks';
const guard = requireAdmin;
const params = z.object({ id: WebhookId });
const answers = { 200: WebhookView };

export const webhookAdminRoutes = [
  route({
    method: 'post',
    path: '/v1/admin/webhooks',
    tag,
    summary: 'Have events sent to an address, once per idempotency key; the answer carries the signing secret',
    guard,
    headers: z.object({ 'idempotency-key': IdempotencyKey }),
    body: CreateWebhook,
    answers: { 201: WebhookView, 200: WebhookView },
    problems: ['WEBHOOK_ADDRESS_REFUSED', 'IDEMPOTENCY_CONFLICT'],
    async handler({ headers, body, caller, context }) {
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const { view, created } = await createWebhook(context, body, call);
      return { status: created ? 201 : 200, body: view };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/webhooks',
    tag,
    summary: 'Every address that events are sent to, without its secret',
    guard,
    answers: { 200: WebhookList },
    problems: [],
    handler: async ({ context }) => ({ status: 200, body: await listWebhooks(context) }),
  }),
  ...switches(),
  route({
    method: 'post',
    path: '/v1/admin/webhooks/{id}/rotate-secret',
    tag,
    summary: 'A new signing secret; the previous one also signs for a day',
    guard,
    params,
    answers,
    problems: ['NO_SUCH_WEBHOOK'],
    handler: async ({ params, caller, context }) => ({
      status: 200,
      body: await rotateSecret(context, params.id, caller),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/webhooks/{id}/redeliver-dead',
    tag,
    summary: 'Send all dead deliveries of this address again',
    guard,
    params,
    answers: { 200: Redelivered },
    problems: ['NO_SUCH_WEBHOOK'],
    handler: async ({ params, caller, context }) => ({
      status: 200,
      body: await redeliverDead(context, params.id, caller),
    }),
  }),
  route({
    method: 'delete',
    path: '/v1/admin/webhooks/{id}',
    tag,
    summary: 'Remove an address and its deliveries',
    guard,
    params,
    answers: { 204: noBody },
    problems: [],
    async handler({ params, caller, context }) {
      await deleteWebhook(context, params.id, caller);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/webhook-deliveries',
    tag,
    summary: 'Deliveries by state and address, a page at a time; `status=dead` is the dead-letter list',
    guard,
    query: DeliveryQuery,
    answers: { 200: DeliveryList },
    problems: [],
    handler: async ({ query, context }) => ({ status: 200, body: await listDeliveries(context, query) }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/webhook-deliveries/{id}/redeliver',
    tag,
    summary: 'Send a delivery again from the start, under its webhook-id',
    guard,
    params: z.object({ id: DeliveryId }),
    answers: { 200: DeliveryView },
    problems: ['NO_SUCH_DELIVERY'],
    handler: async ({ params, caller, context }) => ({
      status: 200,
      body: await redeliver(context, params.id, caller),
    }),
  }),
];

function switches() {
  const both = [
    { call: 'enable', enabled: true, summary: 'Send events to this address again' },
    {
      call: 'disable',
      enabled: false,
      summary: 'Send nothing to this address; events meanwhile are kept as dead deliveries',
    },
  ];
  return both.map(({ call, enabled, summary }) =>
    route({
      method: 'post',
      path: `/v1/admin/webhooks/{id}/${call}`,
      tag,
      summary,
      guard,
      params,
      answers,
      problems: ['NO_SUCH_WEBHOOK'],
      handler: async ({ params, caller, context }) => ({
        status: 200,
        body: await enableWebhook(context, params.id, enabled, caller),
      }),
    }),
  );
}
