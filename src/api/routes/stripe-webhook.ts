import express, { type Express, type RequestHandler } from 'express';
import Stripe from 'stripe';
import { ReasonError } from '../../contracts/reasons.ts';
import { orderHasEnded } from '../../contracts/states.ts';
import { now } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';

/** Far above the size of Stripe's objects. */
const bodyLimit = '1mb';

/** Events that report a received payment. */
const moneyCame: readonly string[] = ['payment_intent.succeeded', 'invoice.paid'];

/**
 * `POST /v1/stripe/webhook`: receives Stripe's events. An event is passed on before it is recorded, so a crash in
 * between passes it on twice, which has no effect. An event that cannot be passed on is answered with an error, and
 * Stripe delivers it again.
 */
export function mountStripeWebhook(app: Express, deps: ApiDeps): void {
  app.post('/v1/stripe/webhook', express.raw({ type: 'application/json', limit: bodyLimit }), webhook(deps));
}

function webhook(deps: ApiDeps): RequestHandler {
  return async (request, response) => {
    const event = readEvent(deps, request.body, request.get('stripe-signature') ?? '');
    if (!(await deps.store.webhookEvents.seen(event.id))) {
      await passOn(deps, event);
      await deps.store.webhookEvents.remember(event);
    }
    response.status(200).json({ received: true });
  };
}

function readEvent(deps: ApiDeps, body: unknown, signature: string): Stripe.Event {
  if (!Buffer.isBuffer(body)) throw new ReasonError('webhook_signature_wrong');
  try {
    const secret = deps.config.STRIPE_WEBHOOK_SECRET;
    return Stripe.webhooks.constructEvent(body, signature, secret, undefined, undefined, now());
  } catch (error) {
    throw new ReasonError('webhook_signature_wrong', undefined, { cause: error });
  }
}

/**
 * Signals the subscription of a delivered order, or the instance of an undelivered one; money of an order that ended
 * unfulfilled goes to a workflow of its own.
 */
async function passOn(deps: ApiDeps, event: Stripe.Event): Promise<void> {
  const about = idsIn(event);
  const [order, subscription] = await Promise.all([
    findOrder(deps, about),
    about.subscriptionId ? deps.store.subscriptions.findByStripeId(about.subscriptionId) : null,
  ]);
  if (subscription?.begunAt) return deps.workflows.signalSubscription(subscription);
  if (!order) {
    deps.log.info({ event: event.id, type: event.type }, 'an event from Stripe that belongs to no order');
    return;
  }
  if (orderEndedUnfulfilled(order) && about.failedRefundId && about.paymentIntentId) {
    const { paymentIntentId, failedRefundId: refundId } = about;
    await deps.workflows.startLatePayment({ paymentIntentId, orderId: order._id, refundId });
    deps.log.warn({ orderId: order._id, event: event.id }, 'a refund failed after the end of its order');
    return;
  }
  if (order.state === 'fulfilled') {
    const begun = await deps.store.subscriptions.findBySubject({ kind: 'instance', id: order.instanceId });
    if (begun?.begunAt) await deps.workflows.signalSubscription(begun);
    return;
  }
  if (orderEndedUnfulfilled(order) && about.creditedInvoiceId) return deps.store.orders.checkMoneyNow(order._id);
  const signalled = orderEndedUnfulfilled(order) ? false : await deps.workflows.signalPayment(order.instanceId);
  if (!moneyCame.includes(event.type)) return;
  // The order may have ended since it was read, so that its instance did not check again.
  const latest = await deps.store.orders.find(order._id);
  const paymentIntentId = about.paymentIntentId ?? order.payment?.paymentIntentId;
  if (latest && paymentIntentId && orderEndedUnfulfilled(latest)) {
    await deps.workflows.startLatePayment({ paymentIntentId, orderId: order._id });
    deps.log.warn({ orderId: order._id, event: event.id }, 'money came after the end of its order');
  } else if (!signalled && !orderHasEnded(order.state)) {
    // Its workflow was not started yet; the sweep starts it, and it reads the payment itself.
    deps.log.warn({ orderId: order._id, event: event.id }, 'an event from Stripe before the order runs');
  }
}

function orderEndedUnfulfilled(order: OrderRecord): boolean {
  return orderHasEnded(order.state) && order.state !== 'fulfilled';
}

interface StripeIds {
  orderId?: string | undefined;
  subscriptionId?: string | undefined;
  paymentIntentId?: string | undefined;
  /** The refund of the event, if it failed or requires action. */
  failedRefundId?: string | undefined;
  /** The invoice of a credit note. */
  creditedInvoiceId?: string | undefined;
}

async function findOrder(deps: ApiDeps, about: StripeIds): Promise<OrderRecord | null> {
  const { subscriptionId, paymentIntentId, orderId, creditedInvoiceId } = about;
  if (creditedInvoiceId) return deps.store.orders.findByInvoice(creditedInvoiceId);
  const known = await deps.store.orders.findByPayment({
    ...(subscriptionId ? { subscriptionId } : {}),
    ...(paymentIntentId ? { paymentIntentId } : {}),
  });
  return known ?? (orderId ? deps.store.orders.find(orderId) : null);
}

/** The ids that link an event's object to an order. */
function idsIn(event: Stripe.Event): StripeIds {
  const object = event.data.object as unknown as Record<string, unknown>;
  const own = typeof object.id === 'string' ? object.id : undefined;
  const orderId = textAt(object, 'metadata', 'freehold_order');
  switch (object.object) {
    case 'payment_intent':
      return { paymentIntentId: own, orderId };
    case 'subscription':
      return { subscriptionId: own, orderId };
    case 'invoice':
      return {
        subscriptionId: textAt(object, 'parent', 'subscription_details', 'subscription'),
        paymentIntentId: undefined,
        orderId: orderId ?? textAt(object, 'parent', 'subscription_details', 'metadata', 'freehold_order'),
      };
    case 'credit_note':
      return { creditedInvoiceId: textAt(object, 'invoice') };
    case 'refund':
      return {
        paymentIntentId: textAt(object, 'payment_intent'),
        failedRefundId: object.status === 'failed' || object.status === 'requires_action' ? own : undefined,
        orderId,
      };
    default:
      // Charges, disputes and invoice payments refer to their payment intent.
      return {
        paymentIntentId: textAt(object, 'payment_intent') ?? textAt(object, 'payment', 'payment_intent'),
        orderId,
      };
  }
}

function textAt(from: unknown, ...path: string[]): string | undefined {
  let value = from;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' ? value : undefined;
}
