import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { IdempotencyKey, ListLimit, listOf } from '../../contracts/api/common.ts';
import {
  AcceptedOrder,
  CartOrder,
  CartOrdersRequest,
  Order,
  OrderDetails,
  OrderPaymentAnswer,
  OrderRequest,
} from '../../contracts/api/orders.ts';
import { OrderId } from '../../contracts/ids.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { orderHasEnded, orderIsEnding } from '../../contracts/states.ts';
import { route } from '../../routing/route.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { open } from '../guards/guard.ts';
import { hasLivingCapability } from '../guards/order-capability.ts';
import { requireAccount } from '../guards/require-account.ts';
import { hashSecret } from '../guards/session.ts';
import { cancelOrder } from '../orders/cancel-order.ts';
import { placeOrder } from '../orders/place-order.ts';
import { acceptedOrderView, cartOrderView, orderDetailsView, orderView } from '../views/order-view.ts';

const params = z.object({ id: OrderId });
const stripeApi = 'https://api.stripe.com';
/** Polling interval of the long poll while the order's timeline has no new event, ms. */
const pollIntervalMs = 1_000;
/** Maximum number of orders listed for one cart. */
const ordersOfCart = 20;

export const orderRoutes = [
  route({
    method: 'post',
    path: '/v1/orders',
    tag: 'Orders',
    summary: 'Place an order for a quote',
    description:
      'A repeated request gets the same answer and creates no second order, also with another Idempotency-Key. An ' +
      'accepted order is stored and processed as soon as possible.',
    guard: requireAccount('payer', { guests: true }),
    headers: z.object({ 'idempotency-key': IdempotencyKey }),
    body: OrderRequest,
    answers: { 202: AcceptedOrder },
    problems: [
      'idempotency_key_reused',
      'not_found',
      'quote_altered',
      'quote_expired',
      'subject_not_sold',
      'quote_used',
      'hostname_taken',
      'hostname_ordered',
      'hostname_held',
      'too_many_holds',
      'not_a_member',
      'account_closed',
    ],
    handler: async ({ deps, body, headers, caller, ip }) => {
      const idempotencyKey = headers['idempotency-key'];
      const order = await placeOrder(deps, { body, idempotencyKey, session: caller, ip });
      const answer = acceptedOrderView(deps, order);
      return { status: 202, body: answer, headers: { Location: answer.links.self } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/carts/orders',
    tag: 'Orders',
    summary: 'Orders of a cart, by its hold token',
    description: 'For a buyer who has lost the answer to their order: newest first, each with its capability.',
    guard: open,
    body: CartOrdersRequest,
    answers: { 200: listOf(CartOrder) },
    problems: [],
    handler: async ({ deps, body }) => {
      const orders = await deps.store.orders.ofCart(hashSecret(body.holdToken), ordersOfCart);
      const reachable = orders.filter((order) => hasLivingCapability(order, deps));
      return { status: 200, body: { items: reachable.map((order) => cartOrderView(deps, order)) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/orders',
    tag: 'Orders',
    summary: 'Orders of the account',
    guard: requireAccount('viewer'),
    query: z.object({ limit: ListLimit }),
    answers: { 200: listOf(Order) },
    problems: [],
    handler: async ({ deps, caller, query }) => {
      const orders = await deps.store.orders.list({ accountId: caller.account._id }, query.limit);
      return { status: 200, body: { items: orders.map((order) => orderView(deps, order)) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/orders/{id}',
    tag: 'Orders',
    summary: 'One order with its operation and instance',
    guard: requireAccount('viewer', { order: true }),
    params,
    answers: { 200: OrderDetails },
    problems: [],
    handler: async ({ deps, caller }) => ({ status: 200, body: await readDetails(deps, caller.order) }),
  }),
  route({
    method: 'get',
    path: '/v1/orders/{id}/payment',
    tag: 'Orders',
    summary: 'What the browser needs to confirm the payment',
    description:
      'Waits some seconds for the payment to be set up; on `payment_not_ready`, request it again. The client secret is ' +
      'only for Stripe.',
    guard: requireAccount('payer', { order: true }),
    params,
    answers: { 200: OrderPaymentAnswer },
    problems: [
      'payment_not_ready',
      'already_ready',
      'already_ended',
      'payment_provider_unavailable',
      'payment_access_refused',
      'payment_request_refused',
    ],
    handler: async ({ deps, caller, response }) => {
      const order = await untilPayment(deps, caller.order, () => response.closed);
      const clientSecret = await deps.payments.clientSecretOf(order.payment);
      // The order may have been cancelled during the call to Stripe; it must not be paid afterwards.
      requirePayable(await deps.store.orders.find(order._id));
      return {
        status: 200,
        body: {
          clientSecret: clientSecret ?? null,
          publishableKey: deps.config.STRIPE_PUBLISHABLE_KEY,
          apiBase: deps.config.STRIPE_API_BASE ?? stripeApi,
          amount: order.quote.total,
          currency: order.quote.currency,
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/orders/{id}/cancel',
    tag: 'Orders',
    summary: 'Cancel an order before its server is ready',
    description: 'Removes what was built and refunds what was paid; the order ends as `cancelled`.',
    guard: requireAccount('payer', { order: true }),
    params,
    headers: z.object({ 'idempotency-key': IdempotencyKey.optional() }),
    answers: { 202: Order },
    problems: ['idempotency_key_reused', 'already_ready', 'already_ended', 'account_closed', 'workflow_unreachable'],
    handler: async ({ deps, caller, headers, requestId }) => {
      const idempotencyKey = headers['idempotency-key'];
      const order = await cancelOrder(deps, caller.order, {
        by: 'customer',
        actor: caller.actor,
        requestId,
        idempotencyKey,
      });
      return { status: 202, body: orderView(deps, order) };
    },
  }),
];

/** An order with the progress of its workflow. */
async function readDetails(deps: ApiDeps, order: OrderRecord): Promise<z.input<typeof OrderDetails>> {
  const [instance, operation, hold] = await Promise.all([
    deps.store.instances.find(order.instanceId),
    deps.store.operations.find(order.operationId),
    deps.store.holds.find(order.quote.subject.name),
  ]);
  return orderDetailsView(deps, { order, instance, operation, hold });
}

type OrderWithPayment = OrderRecord & { payment: NonNullable<OrderRecord['payment']> };

/**
 * Waits until the payment of an order is set up; starts the workflow of an order that has none. Throws
 * `payment_not_ready`, `already_ready`, `already_ended`.
 */
async function untilPayment(deps: ApiDeps, first: OrderRecord, gone: () => boolean): Promise<OrderWithPayment> {
  const end = monotonic() + deps.config.FREEHOLD_PAYMENT_POLL_MS;
  if (!first.startedAt) deps.starts.soon(first);
  let changed = new AbortController();
  const unfollow = deps.tail.follow(first.instanceId, () => changed.abort());
  try {
    for (;;) {
      const order = requirePayable(await deps.store.orders.find(first._id));
      if (order.payment) return order as OrderWithPayment;
      const leftMs = end - monotonic();
      if (leftMs <= 0 || gone()) throw new ReasonError('payment_not_ready');
      // The abort is what ends this wait.
      await delay(Math.min(pollIntervalMs, leftMs), undefined, { signal: changed.signal }).catch(() => undefined);
      changed = new AbortController();
    }
  } finally {
    unfollow();
  }
}

/** An order that is or will be refunded must not be paid. Throws `already_ready`, `already_ended`. */
function requirePayable(order: OrderRecord | null): OrderRecord {
  if (!order) throw new ReasonError('not_found');
  if (order.state === 'fulfilled') throw new ReasonError('already_ready');
  if (orderHasEnded(order.state) || orderIsEnding(order.state)) throw new ReasonError('already_ended');
  return order;
}
