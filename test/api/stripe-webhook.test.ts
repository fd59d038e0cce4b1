import { beforeEach, describe, expect, test } from '@jest/globals';
import Stripe from 'stripe';
import { ReasonError } from '../../src/contracts/reasons.ts';
import type { OrderRecord, SubscriptionRecord } from '../../src/store/records.ts';
import { codeOf, notedWorkflows, order, useApi, webhookSecret } from '../support/api.ts';
import { bringOrder } from '../support/bring-order.ts';
import { subscriptionRecord } from '../support/subscription-record.ts';
import { until } from '../support/until.ts';

let reachable = true;
const { workflows, calls } = notedWorkflows();
const { signalPayment } = workflows;
workflows.signalPayment = async (instanceId) => {
  if (!reachable) throw new ReasonError('workflow_unreachable');
  return signalPayment(instanceId);
};

const api = useApi({ workflows });

beforeEach(() => {
  calls.length = 0;
  reachable = true;
});

let events = 0;
function eventOf(type: string, object: Record<string, unknown>) {
  events += 1;
  return { id: `evt_${events}`, object: 'event', type, data: { object } };
}

function deliver(event: object, { secret = webhookSecret, timestamp = Math.floor(Date.now() / 1000) } = {}) {
  const payload = JSON.stringify(event);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return api.call('POST', '/v1/stripe/webhook', {
    raw: payload,
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
  });
}

let payments = 0;
async function payable() {
  payments += 1;
  const { record } = await order(api);
  const ids = { subscriptionId: `sub_${payments}`, invoiceId: `in_${payments}`, paymentIntentId: `pi_${payments}` };
  await api.store.orders.setPayment(record._id, { customerId: 'cus_1', ...ids });
  // Its start comes after its answer.
  await until(async () => (await api.store.orders.find(record._id))?.startedAt);
  calls.length = 0;
  return { record, ...ids };
}

const made = (call: string) => calls.filter((each) => each.call === call).map(({ args }) => args);

describe('events from Stripe', () => {
  test('reach the instance, whatever object they are about', async () => {
    const { record, subscriptionId, paymentIntentId } = await payable();
    const parent = { subscription_details: { subscription: subscriptionId } };
    await deliver(eventOf('payment_intent.succeeded', { id: paymentIntentId, object: 'payment_intent' }));
    await deliver(eventOf('invoice.paid', { id: 'in_x', object: 'invoice', parent }));
    await deliver(eventOf('customer.subscription.updated', { id: subscriptionId, object: 'subscription' }));
    await deliver(eventOf('charge.refunded', { id: 'ch_1', object: 'charge', payment_intent: paymentIntentId }));
    await deliver(
      eventOf('invoice_payment.paid', {
        id: 'inpay_1',
        object: 'invoice_payment',
        payment: { payment_intent: paymentIntentId },
      }),
    );
    expect(made('signalPayment')).toEqual(Array(5).fill([record.instanceId]));
    expect(made('startLatePayment')).toEqual([]);
  });

  test('before the row knows its payment find the order by the metadata', async () => {
    const { record } = await order(api);
    calls.length = 0;
    const metadata = { freehold_order: record._id };
    await deliver(eventOf('customer.subscription.created', { id: 'sub_new', object: 'subscription', metadata }));
    const parent = { subscription_details: { subscription: 'sub_new', metadata } };
    await deliver(eventOf('invoice.finalized', { id: 'in_new', object: 'invoice', metadata: {}, parent }));
    expect(made('signalPayment')).toEqual([[record.instanceId], [record.instanceId]]);
  });

  test('that come twice are passed on once', async () => {
    const { paymentIntentId } = await payable();
    const event = eventOf('payment_intent.succeeded', { id: paymentIntentId, object: 'payment_intent' });
    expect((await deliver(event)).status).toBe(200);
    expect((await deliver(event)).status).toBe(200);
    expect(made('signalPayment')).toHaveLength(1);
  });

  test('that could not be passed on come again', async () => {
    const { paymentIntentId } = await payable();
    const event = eventOf('payment_intent.succeeded', { id: paymentIntentId, object: 'payment_intent' });
    reachable = false;
    expect((await deliver(event)).status).toBe(503);
    reachable = true;
    expect((await deliver(event)).status).toBe(200);
    expect(made('signalPayment')).toHaveLength(1);
  });

  test('about nothing of ours are acknowledged', async () => {
    expect(
      (await deliver(eventOf('payment_intent.succeeded', { id: 'pi_foreign', object: 'payment_intent' }))).status,
    ).toBe(200);
    expect((await deliver(eventOf('product.created', { id: 'prod_1', object: 'product' }))).status).toBe(200);
    expect((await deliver(eventOf('odd.thing', {}))).status).toBe(200);
    expect(calls).toEqual([]);
  });
});

describe('news about a delivered order', () => {
  async function delivered() {
    const made = await payable();
    const { record, subscriptionId } = made;
    const subject = { kind: 'instance' as const, id: record.instanceId };
    const subscription = subscriptionRecord({ orderId: record._id, subject, stripeId: subscriptionId });
    await api.store.subscriptions.open(subscription);
    return { ...made, subscription };
  }
  async function deliverOrder({ _id, instanceId }: OrderRecord) {
    await api.store.orders.move(_id, { to: 'fulfilling' });
    await api.store.orders.move(_id, { to: 'fulfilled' });
    await api.store.subscriptions.begin({ kind: 'instance', id: instanceId });
  }
  const signalled = () => made('signalSubscription').map(([subscription]) => (subscription as SubscriptionRecord)._id);

  test('reach its subscription, by whatever object, and its instance no more', async () => {
    const { record, subscription, subscriptionId, paymentIntentId } = await delivered();
    await deliverOrder(record);
    const parent = { subscription_details: { subscription: subscriptionId } };
    await deliver(eventOf('invoice.paid', { id: 'in_later', object: 'invoice', parent }));
    await deliver(eventOf('customer.subscription.updated', { id: subscriptionId, object: 'subscription' }));
    await deliver(eventOf('charge.refunded', { id: 'ch_1', object: 'charge', payment_intent: paymentIntentId }));
    expect(signalled()).toEqual(Array(3).fill(subscription._id));
    expect([...made('signalPayment'), ...made('startLatePayment')]).toEqual([]);
  });

  test('come twice and are passed on once; what could not be passed on comes again', async () => {
    const { record, subscription, subscriptionId } = await delivered();
    await deliverOrder(record);
    const event = eventOf('customer.subscription.updated', { id: subscriptionId, object: 'subscription' });
    const { signalSubscription } = workflows;
    workflows.signalSubscription = async () => Promise.reject(new ReasonError('workflow_unreachable'));
    expect((await deliver(event)).status).toBe(503);
    workflows.signalSubscription = signalSubscription;
    await deliver(event);
    await deliver(event);
    expect(signalled()).toEqual([subscription._id]);
  });

  test('are for the instance while its order is not delivered yet', async () => {
    const { record, subscriptionId } = await delivered();
    const parent = { subscription_details: { subscription: subscriptionId } };
    await deliver(eventOf('invoice.paid', { id: 'in_x', object: 'invoice', parent }));
    expect(made('signalPayment')).toEqual([[record.instanceId]]);
    expect(signalled()).toEqual([]);
  });
});

describe('money that comes after the order has ended', () => {
  test('goes to a workflow of its own, once per payment intent', async () => {
    const { record, subscriptionId, paymentIntentId } = await payable();
    await bringOrder(api.store, record._id, { to: 'expired', reason: 'payment_expired' });
    await deliver(eventOf('payment_intent.succeeded', { id: paymentIntentId, object: 'payment_intent' }));
    const parent = { subscription_details: { subscription: subscriptionId } };
    await deliver(eventOf('invoice.paid', { id: 'in_x', object: 'invoice', parent }));
    const latePayment = { paymentIntentId, orderId: record._id };
    expect(made('startLatePayment')).toEqual([[latePayment], [latePayment]]);
    expect(made('signalPayment')).toEqual([]);
  });

  test('is found although the order ended while its instance was told', async () => {
    const { record, paymentIntentId } = await payable();
    const { signalPayment: tell } = workflows;
    workflows.signalPayment = async (instanceId) => {
      await bringOrder(api.store, record._id, { to: 'expired' });
      return tell(instanceId);
    };
    await deliver(eventOf('payment_intent.succeeded', { id: paymentIntentId, object: 'payment_intent' }));
    workflows.signalPayment = tell;
    expect(made('startLatePayment')).toHaveLength(1);
  });

  test('is no stray when the order was fulfilled, and bad news never is', async () => {
    const fulfilled = await payable();
    await api.store.orders.move(fulfilled.record._id, { to: 'fulfilling' });
    await api.store.orders.move(fulfilled.record._id, { to: 'fulfilled' });
    await deliver(eventOf('payment_intent.succeeded', { id: fulfilled.paymentIntentId, object: 'payment_intent' }));
    const expired = await payable();
    await bringOrder(api.store, expired.record._id, { to: 'expired' });
    await deliver(eventOf('payment_intent.payment_failed', { id: expired.paymentIntentId, object: 'payment_intent' }));
    expect(made('startLatePayment')).toEqual([]);
  });
});

describe('a message that is not from Stripe is refused', () => {
  const event = eventOf('payment_intent.succeeded', { id: 'pi_1', object: 'payment_intent' });

  test.each([
    ['signed with another secret', () => deliver(event, { secret: 'whsec_other' })],
    ['signed too long ago', () => deliver(event, { timestamp: Math.floor(Date.now() / 1000) - 3_600 })],
    ['without a signature', () => api.call('POST', '/v1/stripe/webhook', { body: event })],
    [
      'of another content type',
      () => api.call('POST', '/v1/stripe/webhook', { raw: 'x', headers: { 'content-type': 'text/plain' } }),
    ],
    ['without a body', () => api.call('POST', '/v1/stripe/webhook')],
  ])('%s', async (_what, send) => {
    const answer = await send();
    expect([answer.status, codeOf(answer)]).toEqual([400, 'webhook_signature_wrong']);
    expect(calls).toEqual([]);
  });

  test('and so is one whose body was changed on the way', async () => {
    const payload = JSON.stringify(event);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret });
    const answer = await api.call('POST', '/v1/stripe/webhook', {
      raw: payload.replace('pi_1', 'pi_2'),
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
    });
    expect(codeOf(answer)).toBe('webhook_signature_wrong');
  });

  test('of a credit note after the order had ended makes its money be read again', async () => {
    const { record, invoiceId } = await payable();
    await api.store.orders.move(record._id, { to: 'cancelling' });
    await api.store.orders.move(record._id, { to: 'cancelled' });
    await api.store.orders.model.updateOne({ _id: record._id }, { $unset: { moneyReadAt: 1 } });
    await deliver(eventOf('credit_note.created', { id: 'cn_1', object: 'credit_note', invoice: invoiceId }));
    expect((await api.store.orders.find(record._id))?.moneyReadAt).toEqual(expect.any(Date));
    expect(calls).toEqual([]);
  });

  test('of a refund that failed after the order had ended starts a workflow of its own, once per refund', async () => {
    const { record, paymentIntentId } = await payable();
    await api.store.orders.move(record._id, { to: 'cancelling' });
    await api.store.orders.move(record._id, { to: 'cancelled' });
    const refund = { id: 're_1', object: 'refund', payment_intent: paymentIntentId };
    await deliver(eventOf('refund.updated', { ...refund, status: 'succeeded' }));
    expect(made('startLatePayment')).toEqual([]);
    await deliver(eventOf('refund.failed', { ...refund, status: 'failed' }));
    expect(made('startLatePayment')).toEqual([[{ paymentIntentId, orderId: record._id, refundId: 're_1' }]]);
  });
});
