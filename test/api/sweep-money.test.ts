import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import Stripe from 'stripe';
import { createBillingActivities } from '../../src/activities/billing/billing-activities.ts';
import { payerOf } from '../../src/activities/billing/create-subscription.ts';
import { sweepMoneyOnce } from '../../src/api/orders/sweep-money.ts';
import { createWorkflows } from '../../src/api/workflows.ts';
import type { OrderPayment } from '../../src/contracts/order-payment.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { controlQueue, type LatePayment, latePaymentWorkflowId } from '../../src/contracts/workflow-messages.ts';
import { priceList } from '../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { createStripeGateway, type StripeGateway } from '../../src/payments/stripe-gateway.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { payAsBrowser, type RunningEmulator, runEmulator, secretKey } from '../emulators/stripe/run-emulator.ts';
import { notedWorkflows, order, startApi, type TestApi, testConfig, webhookSecret } from '../support/api.ts';
import { bringOrder } from '../support/bring-order.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';
import { watchIncidents } from '../support/incidents.ts';
import { startTimeSkipping, workflowBundle } from '../support/temporal.ts';

const day = 24 * 3_600_000;

let database: TestDatabase;
let emulator: RunningEmulator;
let temporal: TestWorkflowEnvironment;
let store: Store;
let gateway: StripeGateway;
let api: TestApi;
let worker: Worker;
let running: Promise<void>;
const { workflows } = notedWorkflows();
const reads: string[] = [];
const mails: { latePayment: LatePayment; amount: number }[] = [];

beforeAll(async () => {
  [database, emulator, temporal] = await Promise.all([startDatabase(), runEmulator(), startTimeSkipping()]);
  store = await openStore(database.uri);
  await store.init();
  gateway = createStripeGateway({ secretKey, apiBase: emulator.address, intents: store.createIntents });
  await gateway.syncCatalogue(priceList(catalogue));
  const { connection } = temporal;
  const real = createWorkflows({ connection, namespace: 'default', config: testConfig() });
  workflows.startLatePayment = real.startLatePayment;
  api = await startApi(database.uri, {
    workflows,
    payments: {
      ...gateway,
      moneyOf: async (invoiceIds) => {
        reads.push(...invoiceIds);
        return gateway.moneyOf(invoiceIds);
      },
    },
  });
  const times = {
    ...{ declineLimit: 8, holdAfterAttemptMs: day, paymentReadMs: 1_000, paymentReadLaterMs: 1_000 },
    renewalTimes: { renewalReadMs: day, unpaidReadMs: day },
  };
  worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: controlQueue,
    workflowBundle: await workflowBundle(),
    activities: {
      ...createBillingActivities({ ...watchIncidents(store), store, gateway, ...times }),
      sendLateRefund: async (latePayment: LatePayment, amount: number) => void mails.push({ latePayment, amount }),
    },
  });
  running = worker.run();
}, 90_000);

afterAll(async () => {
  worker?.shutdown();
  await running;
  await api?.close();
  await store?.close();
  await Promise.all([temporal?.teardown(), database?.stop(), emulator?.[Symbol.asyncDispose]()]);
}, 60_000);

beforeEach(async () => {
  reads.length = 0;
  mails.length = 0;
  await store.orders.model.updateMany({}, { $unset: { moneyReadAt: 1 } });
});

/** An ended order whose payment at Stripe was not closed: a browser may still pay it. */
async function ended() {
  const { record } = await order(api);
  const { _id: orderId, instanceId, operationId, quote } = record;
  const customer = await gateway.ensureCustomer(payerOf(record));
  const payment = await gateway.createSubscription({
    baseKey: `${instanceId}:${operationId}:create-subscription`,
    customerId: customer.id,
    orderId,
    instanceId,
    total: quote.total,
    tax: quote.tax,
    items: quote.lines.flatMap((line) => (line.lookupKey ? [{ ...line, lookupKey: line.lookupKey }] : [])),
    currency: quote.currency,
  });
  await store.orders.setPayment(orderId, payment);
  await store.orders.move(orderId, { to: 'cancelling', reason: 'cancelled_by_customer' });
  await store.orders.move(orderId, { to: 'cancelled' });
  return { orderId, payment, total: quote.total, latePayment: { orderId, paymentIntentId: payment.paymentIntentId! } };
}

async function pay(payment: OrderPayment): Promise<void> {
  const secret = await gateway.clientSecretOf(payment);
  const { body } = await payAsBrowser(emulator.address, secret!, '4242424242424242');
  expect(body.status).toBe('succeeded');
}

const settled = (latePayment: LatePayment) =>
  temporal.client.workflow.getHandle(latePaymentWorkflowId(latePayment)).result();

/** Stripe's facts, our records and the payer's mails of an order whose late payment was refunded. */
async function found({ orderId, payment }: { orderId: string; payment: OrderPayment }) {
  const { data } = await emulator.stripe.refunds.list({ payment_intent: payment.paymentIntentId! });
  const { paid, refunded } = (await store.orders.find(orderId))!;
  return {
    refunds: data.map(({ amount }) => amount),
    paid,
    refunded,
    audits: await store.audit.model.countDocuments({ subject: orderId, action: 'settle-late-payment' }),
    mails: mails.filter(({ latePayment: stray }) => stray.orderId === orderId).map(({ amount }) => amount),
  };
}
const givenBackOnce = (total: number) => ({
  refunds: [total],
  paid: total,
  refunded: total,
  audits: 1,
  mails: [total],
});

async function tellByWebhook({ paymentIntentId }: LatePayment): Promise<number> {
  const object = { id: paymentIntentId, object: 'payment_intent' };
  const payload = JSON.stringify({
    id: `evt_${paymentIntentId}`,
    object: 'event',
    type: 'payment_intent.succeeded',
    data: { object },
  });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret });
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  return (await api.call('POST', '/v1/stripe/webhook', { raw: payload, headers })).status;
}

/** Lets time pass: the order ended this long ago, and its next check is due now. */
async function makeDue(orderId: string, endedMsAgo: number): Promise<void> {
  const due = { moneyReadAt: new Date(Date.now() - 1), endedAt: new Date(Date.now() - endedMsAgo) };
  await store.orders.model.updateOne({ _id: orderId }, { $set: due });
}

describe('money that came after the end of its order, without news of it', () => {
  test('is found and given back to the cent, once', async () => {
    const late = await ended();
    await pay(late.payment);
    await sweepMoneyOnce(api.deps);
    await settled(late.latePayment);
    expect(await found(late)).toEqual(givenBackOnce(late.total));
    await makeDue(late.orderId, day);
    await sweepMoneyOnce(api.deps);
    expect(reads).toHaveLength(2);
    expect(await found(late)).toEqual(givenBackOnce(late.total));
  }, 60_000);

  test('goes back once when webhook and sweeps of two processes come together', async () => {
    const late = await ended();
    await pay(late.payment);
    await Promise.all([tellByWebhook(late.latePayment), sweepMoneyOnce(api.deps), sweepMoneyOnce(api.deps)]);
    await settled(late.latePayment);
    expect(reads).toHaveLength(1);
    expect(await found(late)).toEqual(givenBackOnce(late.total));
  }, 60_000);

  test('is found by a later look when it comes after the first', async () => {
    const late = await ended();
    await sweepMoneyOnce(api.deps);
    await pay(late.payment);
    await sweepMoneyOnce(api.deps);
    expect(reads).toHaveLength(1);
    await makeDue(late.orderId, day);
    await sweepMoneyOnce(api.deps);
    await settled(late.latePayment);
    expect(await found(late)).toEqual(givenBackOnce(late.total));
  }, 60_000);
});

describe('an ended order', () => {
  test('is looked at no more after its window', async () => {
    const { orderId } = await ended();
    await makeDue(orderId, 31 * day);
    await sweepMoneyOnce(api.deps);
    await sweepMoneyOnce(api.deps);
    expect(reads).toHaveLength(1);
    expect((await store.orders.find(orderId))?.moneyReadAt).toBeUndefined();
  });

  test('that was paid outside Stripe is read again after the credit note of the person who returned it', async () => {
    const { record } = await order(api);
    const { orderId, payment, total } = await ended();
    await emulator.stripe.invoices.pay(payment.invoiceId, { paid_out_of_band: true });
    const outside = { paid: total, refunded: 0, paidOutside: total };
    await store.orders.setMoney(orderId, outside);
    await sweepMoneyOnce(api.deps);
    expect(await store.orders.find(orderId)).toMatchObject(outside);
    const { lines } = await emulator.stripe.invoices.retrieve(payment.invoiceId);
    await emulator.stripe.creditNotes.create({
      invoice: payment.invoiceId,
      lines: lines.data.map(({ id }) => ({ type: 'invoice_line_item', invoice_line_item: id, quantity: 1 })),
      out_of_band_amount: total,
    });
    // The webhook about the credit note does this; an open order is not checked so.
    await Promise.all([orderId, record._id].map((id) => store.orders.checkMoneyNow(id)));
    await sweepMoneyOnce(api.deps);
    expect(await store.orders.find(orderId)).toMatchObject({ ...outside, refunded: total });
    expect((await store.orders.find(record._id))?.moneyReadAt).toBeUndefined();
  });

  test('whose payment was never set up costs no call', async () => {
    const { record } = await order(api);
    await bringOrder(store, record._id, { to: 'expired' });
    await sweepMoneyOnce(api.deps);
    expect(reads).toEqual([]);
    expect((await store.orders.find(record._id))?.moneyReadAt).toBeUndefined();
  });

  test('that was delivered is none of the sweep’s business', async () => {
    const { record } = await order(api);
    await bringOrder(store, record._id, { to: 'fulfilled' });
    expect((await store.orders.find(record._id))?.moneyReadAt).toBeUndefined();
  });

  test('is looked at again when Stripe or Temporal was away, and what Stripe refuses holds up nobody', async () => {
    const [first, second] = [await ended(), await ended()];
    const { moneyOf } = api.deps.payments;
    api.deps.payments.moneyOf = async () => Promise.reject(new ReasonError('payment_provider_unavailable'));
    await expect(sweepMoneyOnce(api.deps)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    api.deps.payments.moneyOf = async (invoiceIds) => {
      reads.push(...invoiceIds);
      throw new ReasonError('payment_request_refused');
    };
    for (const { orderId } of [first, second]) {
      expect((await store.orders.find(orderId))?.moneyReadAt).toBeInstanceOf(Date);
      await makeDue(orderId, day);
    }
    await sweepMoneyOnce(api.deps);
    api.deps.payments.moneyOf = moneyOf;
    expect(new Set(reads)).toEqual(new Set([first.payment.invoiceId, second.payment.invoiceId]));
  });
});
