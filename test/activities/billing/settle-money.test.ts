import { describe, expect, test } from '@jest/globals';
import { createSubscription } from '../../../src/activities/billing/create-subscription.ts';
import { readSubscription } from '../../../src/activities/billing/read-subscription.ts';
import { settleLatePayment, settleMoney } from '../../../src/activities/billing/settle-money.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import type { OrderRecord } from '../../../src/store/records.ts';
import { payAsBrowser } from '../../emulators/stripe/run-emulator.ts';
import { order as placeOrder, useApi } from '../../support/api.ts';
import { useBilling } from '../../support/billing.ts';

const api = useApi();
const hour = 3_600_000;
const billing = useBilling(api, { declineLimit: 8 });

const contextOf = ({ _id, instanceId, operationId }: OrderRecord, step: StepContext['step']): StepContext => ({
  ...{ instanceId, orderId: _id, operationId, step, attempt: 1 },
});
const find = async (order: OrderRecord) => (await api.store.orders.find(order._id))!;

/** An order whose subscription was made and paid. */
async function paid(card = '4242424242424242'): Promise<OrderRecord> {
  const { record } = await placeOrder(api);
  await createSubscription(billing.ports)(contextOf(record, 'create-subscription'));
  const { payment } = await find(record);
  const secret = await billing.ports.gateway.clientSecretOf(payment!);
  await payAsBrowser(billing.emulator.address, secret!, card);
  return find(record);
}

describe('the records of an order at Stripe', () => {
  test('name its invoice and its subscription, once, however often the step runs', async () => {
    const order = await paid();
    await createSubscription(billing.ports)(contextOf(order, 'create-subscription'));
    expect(order.invoiceIds).toEqual([order.payment!.invoiceId]);
    const subscription = await api.store.subscriptions.findBySubject({ kind: 'instance', id: order.instanceId });
    expect(subscription).toMatchObject({
      ...{ orderId: order._id, accountId: order.accountId, stripeId: order.payment!.subscriptionId },
      ...{ cycle: 'monthly', items: [{ lookupKey: 'plan.startup.local.monthly', quantity: 1 }], status: 'incomplete' },
    });
    expect(subscription?.begunAt).toBeUndefined();
  });
});

describe('settling an order that is not delivered', () => {
  test('ends its subscription and gives everything back', async () => {
    const order = await paid();
    await settleMoney(billing.ports)(contextOf(order, 'settle-money'));
    expect(await find(order)).toMatchObject({ paid: order.quote.total, refunded: order.quote.total });
    const subscription = await api.store.subscriptions.findByStripeId(order.payment!.subscriptionId);
    expect(subscription?.status).toBe('canceled');
  });

  test('finds what was made by a call whose answer was lost, and notes its invoices', async () => {
    const order = await paid();
    await api.store.orders.model.updateOne({ _id: order._id }, { $unset: { payment: 1 }, $set: { invoiceIds: [] } });
    await settleMoney(billing.ports)(contextOf(order, 'settle-money'));
    expect(await find(order)).toMatchObject({
      ...{ paid: order.quote.total, refunded: order.quote.total, invoiceIds: order.invoiceIds },
    });
  });

  test('gives the renewal back too, when its undo came so late', async () => {
    const order = await paid();
    await billing.emulator.advance(33 * 24 * hour);
    await settleMoney(billing.ports)(contextOf(order, 'settle-money'));
    const all = 2 * order.quote.total;
    expect(await find(order)).toMatchObject({ paid: all, refunded: all });
    expect((await find(order)).invoiceIds).toHaveLength(2);
  });

  test('says of what was paid outside Stripe that it was paid and has not gone back', async () => {
    const { record } = await placeOrder(api);
    await createSubscription(billing.ports)(contextOf(record, 'create-subscription'));
    const { payment, quote } = await find(record);
    await billing.emulator.stripe.invoices.pay(payment!.invoiceId, { paid_out_of_band: true });
    await settleMoney(billing.ports)(contextOf(record, 'settle-money'));
    expect(await find(record)).toMatchObject({ paid: quote.total, refunded: 0, paidOutside: quote.total });
    const subscription = await api.store.subscriptions.findByStripeId(payment!.subscriptionId);
    expect(subscription?.status).toBe('canceled');
  });

  test('touches nothing when it was never asked of Stripe', async () => {
    const { record } = await placeOrder(api);
    await settleMoney(billing.ports)(contextOf(record, 'settle-money'));
    expect(await find(record)).toMatchObject({ paid: 0, refunded: 0, invoiceIds: [] });
  });
});

describe('money that came after the end of its order', () => {
  /** An order that was paid in the moment in which it ended. */
  async function paidTooLate() {
    const order = await paid();
    await api.store.orders.move(order._id, { to: 'cancelling', reason: 'cancelled_by_customer' });
    await api.store.orders.move(order._id, { to: 'cancelled' });
    return { order, latePayment: { orderId: order._id, paymentIntentId: order.payment!.paymentIntentId! } };
  }

  test('is not shown as given back once its refund has failed, and its payer hears of the one that is repeated', async () => {
    const order = await paid('4000000000005126');
    const { total } = order.quote;
    await api.store.orders.move(order._id, { to: 'cancelling', reason: 'cancelled_by_customer' });
    await settleMoney(billing.ports)(contextOf(order, 'settle-money'));
    await api.store.orders.move(order._id, { to: 'cancelled' });
    expect(await find(order)).toMatchObject({ paid: total, refunded: total });

    // The bank sends the refund back days later.
    await billing.emulator.advance(4 * 24 * hour);
    const { paymentIntentId } = order.payment!;
    const { data } = await billing.emulator.stripe.refunds.list({ payment_intent: paymentIntentId! });
    const latePayment = { orderId: order._id, paymentIntentId: paymentIntentId!, refundId: data[0]!.id };
    await expect(settleLatePayment(billing.ports)(latePayment)).rejects.toMatchObject({ code: 'refund_failed' });
    expect(await find(order)).toMatchObject({ state: 'cancelled', paid: total, refunded: 0 });

    // A person repeats it.
    await billing.emulator.stripe.refunds.create({ payment_intent: paymentIntentId! });
    expect(await settleLatePayment(billing.ports)(latePayment)).toBe(total);
    expect(await find(order)).toMatchObject({ paid: total, refunded: total });
    const entries = await api.store.audit.of(order._id);
    expect(entries).toMatchObject([{ before: { refunded: 0 }, after: { refunded: total, refundId: data[0]!.id } }]);
    // Told again of what is settled already, it adds nothing.
    expect(await settleLatePayment(billing.ports)({ ...latePayment, refundId: 're_other' })).toBe(0);
    expect(await api.store.audit.of(order._id)).toHaveLength(1);
  });

  /** A write in which the worker dies, before or after it. */
  function dying<Values extends unknown[]>(write: (...values: Values) => Promise<void>, isWritten: boolean) {
    return async (...values: Values): Promise<void> => {
      if (isWritten) await write(...values);
      throw new Error('the worker died');
    };
  }
  const storeDyingAt = {
    audit: (isWritten: boolean) => {
      const { store } = api;
      return { ...store, audit: { ...store.audit, append: dying(store.audit.append, isWritten) } };
    },
    orders: (isWritten: boolean) => {
      const { store } = api;
      return { ...store, orders: { ...store.orders, setMoney: dying(store.orders.setMoney, isWritten) } };
    },
  };

  test.each(['audit', 'orders'] as const)(
    'is told with its whole amount though a worker died right before or after its write to %s',
    async (written) => {
      const { order, latePayment } = await paidTooLate();
      for (const isWritten of [false, true]) {
        const attempt = settleLatePayment({ ...billing.ports, store: storeDyingAt[written](isWritten) })(latePayment);
        await expect(attempt).rejects.toThrow('the worker died');
      }
      expect(await settleLatePayment(billing.ports)(latePayment)).toBe(order.quote.total);
      expect(await find(order)).toMatchObject({ paid: order.quote.total, refunded: order.quote.total });
      const entries = await api.store.audit.of(order._id);
      const { paymentIntentId } = latePayment;
      const given = { paid: order.quote.total, refunded: order.quote.total, paymentIntentId };
      expect(entries[0]).toMatchObject({ before: { paid: 0, refunded: 0 }, after: given });
    },
  );
});

test('what a person gives back of a delivered order is read with its subscription', async () => {
  const order = await paid();
  await api.store.orders.move(order._id, { to: 'fulfilling' });
  await api.store.orders.move(order._id, { to: 'fulfilled' });
  await billing.emulator.stripe.refunds.create({ payment_intent: order.payment!.paymentIntentId!, amount: 100 });
  const subscription = await api.store.subscriptions.findByStripeId(order.payment!.subscriptionId);
  await readSubscription(billing.ports)(subscription!._id);
  expect(await find(order)).toMatchObject({ paid: order.quote.total, refunded: 100 });
});

test('a delivered order is never settled', async () => {
  const order = await paid();
  await api.store.orders.move(order._id, { to: 'fulfilling' });
  await api.store.orders.move(order._id, { to: 'fulfilled' });
  await expect(settleMoney(billing.ports)(contextOf(order, 'settle-money'))).rejects.toMatchObject({
    code: 'already_ready',
  });
  expect((await billing.ports.gateway.readSubscription(order.payment!.subscriptionId)).status).toBe('active');
});
