import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { priceList } from '../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { customerKeyOf } from '../../src/payments/customers.ts';
import { createStripeGateway, type StripeGateway } from '../../src/payments/stripe-gateway.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { payAsBrowser, type RunningEmulator, runEmulator, secretKey } from '../emulators/stripe/run-emulator.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let store: Store;
let emulator: RunningEmulator;
let gateway: StripeGateway;
let next = 0;

beforeAll(async () => {
  [database, emulator] = await Promise.all([startDatabase(), runEmulator()]);
  store = await openStore(database.uri);
  await store.init();
  gateway = createStripeGateway({ secretKey, apiBase: emulator.address, intents: store.createIntents });
  await gateway.syncCatalogue(priceList(catalogue));
}, 60_000);

afterAll(async () => {
  await store?.close();
  await Promise.all([database?.stop(), emulator?.[Symbol.asyncDispose]()]);
});

const tax = { country: 'ES', basisPoints: 2_100, name: 'VAT', day: '2026-11-22' };
const amountOf = (lookupKey: string) => priceList(catalogue).find((price) => price.lookupKey === lookupKey)!.amount;

/** A line of a quote; `dearer` is what its price has risen by since the catalogue of these tests. */
function line(lookupKey: string, quantity: number, dearer = 0) {
  return { lookupKey, title: lookupKey, quantity, unitAmount: amountOf(lookupKey) + dearer };
}

/** One order's subscription: a GROW server with two more users, Spanish VAT. */
async function order(change: { total?: number; dearer?: number } = {}) {
  next += 1;
  const accountId = `acc_${String(next).padStart(16, '0')}`;
  const customer = await gateway.ensureCustomer({
    buyer: accountId,
    accountId,
    identity: { email: `payer-${next}@example.com`, name: 'Ada', address: { country: 'ES' } },
  });
  const items = [line('plan.grow.local.monthly', 1, change.dearer), line('add-on.users.monthly', 2, change.dearer)];
  const amounts = items.map(({ unitAmount, quantity }) => unitAmount * quantity);
  const total = amounts.reduce((sum, amount) => sum + amount + Math.round((amount * 21) / 100), 0);
  const request = {
    baseKey: `i${next}:op_${next}:create-subscription`,
    customerId: customer.id,
    orderId: `ord_${next}`,
    instanceId: `i${next}`,
    total: change.total ?? total,
    tax,
    items,
    currency: 'EUR',
  };
  const settle = { baseKey: `i${next}:op_${next}:settle-money`, orderId: request.orderId, customerId: customer.id };
  return { request, total, settle, customer };
}

const soldItems = ({ items }: { items: { lookupKey: string; quantity: number }[] }) =>
  items.map(({ lookupKey, quantity }) => ({ lookupKey, quantity }));

async function pay(payment: Parameters<StripeGateway['clientSecretOf']>[0], card: string) {
  const secret = await gateway.clientSecretOf(payment);
  return payAsBrowser(emulator.address, secret!, card);
}

/** The customer's answer on the page of their bank. */
async function answerBank({ paymentIntentId }: { paymentIntentId?: string | undefined }, answer: 'approve' | 'refuse') {
  const body = new URLSearchParams({ answer });
  const page = await fetch(`${emulator.address}/emulator/3ds/${paymentIntentId}`, {
    method: 'POST',
    body,
    redirect: 'manual',
  });
  expect(page.status).toBe(303);
}

/** Refunds an undelivered order. */
async function settleOrder(of: { baseKey: string; orderId: string; customerId: string }) {
  const { invoiceIds } = await gateway.endSubscriptionsOf(of);
  return gateway.settleInvoices({ ...of, invoiceIds });
}

/** As after a process that died between Stripe's answer and recording it. */
async function forget(baseKey: string) {
  await store.createIntents.model.updateOne({ _id: baseKey }, { $set: { objectId: null } });
}

describe('the Stripe gateway', () => {
  test('the catalogue is synchronised once; a second run changes nothing', async () => {
    expect(await gateway.syncCatalogue(priceList(catalogue))).toBe(0);
    const keys = new Set<string>();
    for await (const price of emulator.stripe.prices.list({ active: true, limit: 100 })) keys.add(price.lookup_key!);
    expect(keys).toEqual(new Set(priceList(catalogue).map(({ lookupKey }) => lookupKey)));
  });

  test('an order is paid by card, and settling gives every cent back', async () => {
    const { request, total, settle } = await order();
    const payment = await gateway.createSubscription(request);
    expect(await gateway.readPayment(payment)).toMatchObject({ kind: 'open', declines: 0 });
    await pay(payment, '4242424242424242');
    expect(await gateway.readPayment(payment)).toMatchObject({ kind: 'paid', amount: total });

    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    const notes = await emulator.stripe.creditNotes.list({ invoice: payment.invoiceId });
    expect(notes.data).toHaveLength(1);
    const subscription = await emulator.stripe.subscriptions.retrieve(payment.subscriptionId);
    expect(subscription.status).toBe('canceled');
  });

  test('a payment that waits for the bank, or was not confirmed there, says so and is payable again', async () => {
    const { request } = await order();
    const payment = await gateway.createSubscription(request);
    await pay(payment, '4000002500003155');
    const paymentMethodId = expect.stringMatching(/^pm_/);
    const asked = { kind: 'open', declines: 0, challenge: { paymentMethodId, isRefused: false } };
    expect(await gateway.readPayment(payment)).toMatchObject(asked);
    await answerBank(payment, 'refuse');
    const refused = { kind: 'open', declines: 0, challenge: { paymentMethodId, isRefused: true } };
    expect(await gateway.readPayment(payment)).toMatchObject(refused);
    await pay(payment, '4000002500003155');
    await answerBank(payment, 'approve');
    expect(await gateway.readPayment(payment)).toMatchObject({ kind: 'paid' });
  });

  test('declines are counted, and a good card still pays', async () => {
    const { request } = await order();
    const payment = await gateway.createSubscription(request);
    await pay(payment, '4000000000000002');
    await pay(payment, '4000000000009995');
    expect(await gateway.readPayment(payment)).toMatchObject({
      kind: 'open',
      declines: 2,
      lastDecline: 'insufficient_funds',
    });
    await pay(payment, '4242424242424242');
    expect(await gateway.readPayment(payment)).toMatchObject({ kind: 'paid' });
  });

  test('an unpaid order is settled without taking anything, and cannot be paid any more', async () => {
    const { request, settle } = await order();
    const payment = await gateway.createSubscription(request);
    expect(await settleOrder(settle)).toEqual({ paid: 0, refunded: 0 });
    expect(await gateway.readPayment(payment)).toEqual({ kind: 'closed' });
  });

  test('the same request makes one subscription, however often and however badly it went', async () => {
    const { request, customer } = await order();
    await emulator.control('POST', 'faults', {
      http: { path: '/v1/subscriptions', status: 500, commit: 'after', times: 2 },
    });
    const payments = [];
    for (let attempt = 0; attempt < 4 && payments.length < 2; attempt += 1) {
      try {
        payments.push(await gateway.createSubscription(request));
      } catch (error) {
        expect(error).toMatchObject({ code: 'payment_provider_unavailable' });
      }
    }
    await emulator.control('DELETE', 'faults');
    expect(payments).toHaveLength(2);
    expect(payments[0]).toEqual(payments[1]);
    const all = await emulator.stripe.subscriptions.list({ customer: customer.id, status: 'all' });
    expect(all.data).toHaveLength(1);
  });

  test('a total that is not the quote is never recorded as final, and settling cleans up what was made', async () => {
    const { request, settle, customer } = await order({ total: 1 });
    for (const _try of [1, 2]) {
      await expect(gateway.createSubscription(request)).rejects.toMatchObject({ code: 'price_not_honoured' });
      expect(await store.createIntents.model.findById(request.baseKey)).toMatchObject({ objectId: null });
    }
    await settleOrder(settle);
    const all = await emulator.stripe.subscriptions.list({ customer: customer.id, status: 'all' });
    expect(all.data.map(({ status }) => status)).toEqual(['incomplete_expired']);
  });

  test('the price of a quote is charged after the catalogue has moved on, by old processes and new ones', async () => {
    const quoted = await order();
    const old = gateway;
    await old.createSubscription((await order()).request);
    const dearer = priceList(catalogue).map((price) => ({ ...price, amount: price.amount + 450 }));
    await old.syncCatalogue(dearer);
    const fresh = createStripeGateway({ secretKey, apiBase: emulator.address, intents: store.createIntents });
    const invoiceOf = async ({ invoiceId }: { invoiceId: string }) => emulator.stripe.invoices.retrieve(invoiceId);
    const earlier = await fresh.createSubscription(quoted.request);
    expect((await invoiceOf(earlier)).total).toBe(quoted.total);
    // Known keys, but other amounts than those that the old process has read.
    const later = await order({ dearer: 450 });
    expect((await invoiceOf(await old.createSubscription(later.request))).total).toBe(later.total);
    await old.syncCatalogue(priceList(catalogue));
  });

  test('a price of a catalogue that was not synchronised yet is made, and what is for sale stays', async () => {
    const { request, total } = await order({ dearer: 7 });
    const { subscriptionId, invoiceId } = await gateway.createSubscription(request);
    expect((await emulator.stripe.invoices.retrieve(invoiceId)).total).toBe(total);
    const { items } = await gateway.readSubscription(subscriptionId);
    expect(items).toEqual(soldItems(request));
    expect(await gateway.syncCatalogue(priceList(catalogue))).toBe(0);
  });

  test('a price that was put out of use is refused, and used again as soon as it is in use', async () => {
    const { request } = await order();
    await gateway.createSubscription((await order()).request);
    const { data } = await emulator.stripe.prices.list({ product: 'plan-grow-local', active: true, limit: 100 });
    const setActive = (active: boolean) =>
      Promise.all(data.map(({ id }) => emulator.stripe.prices.update(id, { active })));
    await setActive(false);
    for (const _try of [1, 2]) {
      await expect(gateway.createSubscription(request)).rejects.toMatchObject({ code: 'payment_request_refused' });
    }
    await setActive(true);
    await expect(gateway.createSubscription(request)).resolves.toMatchObject({ customerId: request.customerId });
  });

  test.each([401, 403])('a key that Stripe refuses with %s is a reason of its own', async (status) => {
    const { request } = await order();
    await emulator.control('POST', 'faults', { http: { status, times: 50 } });
    await expect(gateway.createSubscription(request)).rejects.toMatchObject({ code: 'payment_access_refused' });
    await emulator.control('DELETE', 'faults');
    await expect(gateway.createSubscription(request)).resolves.toMatchObject({ customerId: request.customerId });
  });

  test('a customer that was deleted at Stripe is made anew, once', async () => {
    next += 1;
    const accountId = `acc_${String(next).padStart(16, '0')}`;
    const identity = { email: `gone-${next}@example.com`, name: 'Ada', address: { country: 'ES' } };
    const of = { buyer: accountId, accountId, identity };
    const gone = await gateway.ensureCustomer(of);
    await emulator.stripe.customers.del(gone.id);
    const made = await gateway.ensureCustomer(of);
    expect(made.id).not.toBe(gone.id);
    expect((await gateway.ensureCustomer(of)).id).toBe(made.id);
  });

  test('a corrected customer gets the bills at the new address; one that was deleted needs none', async () => {
    const { customer } = await order();
    await gateway.correctCustomer({ customerId: customer.id, email: 'right@example.com' });
    expect(await emulator.stripe.customers.retrieve(customer.id)).toMatchObject({ email: 'right@example.com' });
    await emulator.stripe.customers.del(customer.id);
    await gateway.correctCustomer({ customerId: customer.id, email: 'right@example.com' });
  });

  test('a draft that was deleted has no money', async () => {
    const { customer } = await order();
    const { id } = await emulator.stripe.invoices.create({ customer: customer.id, currency: 'eur' });
    await emulator.stripe.invoices.del(id!);
    expect(await gateway.moneyOf([id!])).toEqual([]);
  });

  test('a Stripe that does not answer is a reason to try again', async () => {
    const { request } = await order();
    await emulator.control('POST', 'faults', { http: { status: 429, commit: 'before', times: 50 } });
    await expect(gateway.createSubscription(request)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    await emulator.control('DELETE', 'faults');
    await expect(gateway.createSubscription(request)).resolves.toMatchObject({ customerId: request.customerId });
  });

  test('orders of one account with the same bill share one customer, also at the same time', async () => {
    next += 1;
    const accountId = `acc_${String(next).padStart(16, '0')}`;
    const of = {
      buyer: accountId,
      accountId,
      identity: { email: `two-${next}@example.com`, name: 'Ada', address: { country: 'ES' } },
    };
    const [first] = await Promise.all([gateway.ensureCustomer(of), gateway.ensureCustomer(of).catch(() => undefined)]);
    await forget(customerKeyOf(of));
    const again = await gateway.ensureCustomer({
      ...of,
      identity: { ...of.identity, address: { country: 'ES', city: undefined } },
    });
    expect(again.id).toBe(first.id);
    expect((await emulator.stripe.customers.list({ email: of.identity.email })).data).toHaveLength(1);
  });

  test('an order with another bill has a customer of its own, and changes none', async () => {
    next += 1;
    const accountId = `acc_${String(next).padStart(16, '0')}`;
    const identity = { email: `bill-${next}@example.com`, name: 'Ada', address: { country: 'ES', line1: 'Calle 1' } };
    const first = await gateway.ensureCustomer({ buyer: accountId, accountId, identity });
    const bills = [
      { ...identity, name: 'Grace' },
      { ...identity, address: { ...identity.address, line1: 'Calle 2' } },
      { ...identity, email: `other-${next}@example.com` },
    ];
    const others = await Promise.all(
      bills.map((bill) => gateway.ensureCustomer({ buyer: accountId, accountId, identity: bill })),
    );
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(4);
    const after = await emulator.stripe.customers.retrieve(first.id);
    expect(after).toMatchObject({ name: 'Ada', email: identity.email, address: { line1: 'Calle 1' } });
  });

  test('what changed since a try whose answer was lost makes nothing twice', async () => {
    const { request, customer } = await order();
    await gateway.createSubscription(request);
    await forget(request.baseKey);
    const changed = { ...request, instanceId: `${request.instanceId}x` };
    const payment = await gateway.createSubscription(changed);
    expect(await gateway.createSubscription(changed)).toEqual(payment);
    const all = await emulator.stripe.subscriptions.list({ customer: customer.id, status: 'all' });
    expect(all.data).toHaveLength(1);
  });

  test('settling twice at the same time gives back once', async () => {
    const { request, total, settle } = await order();
    const payment = await gateway.createSubscription(request);
    await pay(payment, '4242424242424242');
    const results = await Promise.allSettled([settleOrder(settle), settleOrder(settle)]);
    for (const result of results) {
      // One may meet the other's request in flight; then it is retried.
      if (result.status === 'rejected') expect(result.reason.code).toBe('payment_provider_unavailable');
    }
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    expect((await emulator.stripe.creditNotes.list({ invoice: payment.invoiceId })).data).toHaveLength(1);
  });

  test.each([
    ['all', (total: number) => [total]],
    ['a part', () => [1_000]],
    ['two parts', () => [1_000, 234]],
  ])('%s given back by hand is not given back again, and the books say so', async (_what, partsOf) => {
    const { request, total, settle } = await order();
    const payment = await gateway.createSubscription(request);
    await pay(payment, '4242424242424242');
    for (const amount of partsOf(total)) {
      await emulator.stripe.refunds.create({ payment_intent: payment.paymentIntentId!, amount });
    }
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    const { data } = await emulator.stripe.creditNotes.list({ invoice: payment.invoiceId });
    expect(data).toMatchObject([{ total }]);
    const refunds = await emulator.stripe.refunds.list({ payment_intent: payment.paymentIntentId! });
    expect(refunds.data.reduce((sum, { amount }) => sum + amount, 0)).toBe(total);
    expect(new Set(data[0]!.refunds.map(({ refund }) => refund))).toEqual(new Set(refunds.data.map(({ id }) => id)));
  });

  test('after a credit note by hand the rest goes back, to the cent', async () => {
    const { request, total, settle } = await order();
    const payment = await gateway.createSubscription(request);
    await pay(payment, '4242424242424242');
    const invoice = await emulator.stripe.invoices.retrieve(payment.invoiceId);
    const line = invoice.lines.data.find(({ quantity }) => quantity === 2)!;
    const amount = line.amount - 333;
    const refund_amount = amount + Math.round((amount * 21) / 100);
    const lines = [{ type: 'invoice_line_item' as const, invoice_line_item: line.id, amount }];
    await emulator.stripe.creditNotes.create({ invoice: payment.invoiceId, lines, refund_amount });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    const { data } = await emulator.stripe.creditNotes.list({ invoice: payment.invoiceId });
    expect(data.map((note) => note.total).sort()).toEqual([refund_amount, total - refund_amount].sort());
  });

  test('an invoice paid outside Stripe is settled without it, and as returned after the credit note of a person', async () => {
    const { request, total, settle } = await order();
    const payment = await gateway.createSubscription(request);
    await emulator.stripe.invoices.pay(payment.invoiceId, { paid_out_of_band: true });
    expect(await gateway.readPayment(payment)).toMatchObject({ kind: 'paid', amount: total, outside: total });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: 0, paidOutside: total });
    const of = { ...settle, invoiceIds: [payment.invoiceId], delivered: false };
    expect(await gateway.holdingsOfOrder(of)).toMatchObject({ paid: total, refunded: 0, owedOutside: total });

    const { lines } = await emulator.stripe.invoices.retrieve(payment.invoiceId);
    await emulator.stripe.creditNotes.create({
      invoice: payment.invoiceId,
      lines: lines.data.map(({ id, quantity }) => ({
        ...{ type: 'invoice_line_item', invoice_line_item: id, quantity: quantity! },
      })),
      out_of_band_amount: total,
    });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total, paidOutside: total });
    expect(await gateway.holdingsOfOrder(of)).toMatchObject({ paid: total, refunded: total, owedOutside: 0 });
  });

  test('what the credit balance of a customer has paid goes back to it', async () => {
    const { request, total, settle, customer } = await order();
    await emulator.stripe.customers.update(customer.id, { balance: -1_000 });
    const payment = await gateway.createSubscription(request);
    await pay(payment, '4242424242424242');
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    expect(await settleOrder(settle)).toEqual({ paid: total, refunded: total });
    expect(await emulator.stripe.customers.retrieve(customer.id)).toMatchObject({ balance: -1_000 });
    const refunds = await emulator.stripe.refunds.list({ payment_intent: payment.paymentIntentId! });
    expect(refunds.data).toMatchObject([{ amount: total - 1_000 }]);
  });

  test('a payment that wins against the void is given back', async () => {
    const { request, total, settle } = await order();
    const payment = await gateway.createSubscription(request);
    const [settled] = await Promise.allSettled([settleOrder(settle), pay(payment, '4242424242424242')]);
    if (settled.status === 'rejected')
      expect(settled.reason).toMatchObject({ code: expect.stringMatching(/^payment_/) });
    const money = await settleOrder(settle);
    expect([0, total]).toContain(money.paid);
    expect(money.refunded).toBe(money.paid);
    const subscription = await emulator.stripe.subscriptions.retrieve(payment.subscriptionId);
    expect(['canceled', 'incomplete_expired']).toContain(subscription.status);
  });
});

describe('a subscription that renews', () => {
  async function renewed() {
    const made = await order();
    const payment = await gateway.createSubscription(made.request);
    await pay(payment, '4242424242424242');
    const before = await gateway.readSubscription(payment.subscriptionId);
    await emulator.advance(32 * 24 * 3_600_000);
    return { ...made, payment, before, after: await gateway.readSubscription(payment.subscriptionId) };
  }

  test('is paid until the end of the last period whose invoice is paid', async () => {
    const { before, after, request } = await renewed();
    expect(before).toMatchObject({ status: 'active', items: soldItems(request), paidUntil: before.period.end });
    expect(after).toMatchObject({ status: 'active', period: { start: before.period.end } });
    expect(after.paidUntil).toEqual(after.period.end);
  });

  test('and whose first order is settled keeps its later invoices', async () => {
    const { payment, settle, total, after } = await renewed();
    const money = await gateway.settleInvoices({ ...settle, invoiceIds: [payment.invoiceId] });
    expect(money).toEqual({ paid: total, refunded: total });
    const { data } = await emulator.stripe.invoices.list({ subscription: payment.subscriptionId });
    expect(data.map((invoice) => [invoice.status, invoice.post_payment_credit_notes_amount])).toEqual([
      ['paid', 0],
      ['paid', total],
    ]);
    expect(await gateway.readSubscription(payment.subscriptionId)).toEqual(after);
  });

  test('is not paid for a period that was given back', async () => {
    const { payment, settle, before } = await renewed();
    const { data } = await emulator.stripe.invoices.list({ subscription: payment.subscriptionId, limit: 1 });
    await gateway.settleInvoices({ ...settle, invoiceIds: [data[0]!.id!] });
    expect((await gateway.readSubscription(payment.subscriptionId)).paidUntil).toEqual(before.paidUntil);
  });

  test('is for the same things after their prices in the catalogue have changed', async () => {
    const { request } = await order();
    const { subscriptionId } = await gateway.createSubscription(request);
    const prices = priceList(catalogue);
    const dearer = prices.map((price) => ({ ...price, amount: price.amount + 100 }));
    expect(await gateway.syncCatalogue(dearer)).toBe(prices.length);
    const { items } = await gateway.readSubscription(subscriptionId);
    await gateway.syncCatalogue(prices);
    expect(items).toEqual(soldItems(request));
  });

  test('is unknown to Stripe: the request is refused', async () => {
    await expect(gateway.readSubscription('sub_none')).rejects.toMatchObject({ code: 'payment_request_refused' });
  });
});

describe('an invoice of no subscription', () => {
  /** A one-off invoice of these amounts with Spanish VAT, paid by card where `isPaid`. */
  async function oneOff(amounts: number[], isPaid = true) {
    const { customer, settle } = await order();
    const rate = await emulator.stripe.taxRates.create({ display_name: 'VAT', percentage: 21, inclusive: false });
    const { id } = await emulator.stripe.invoices.create({
      ...{ customer: customer.id, currency: 'eur', default_tax_rates: [rate.id] },
    });
    for (const amount of amounts) {
      await emulator.stripe.invoiceItems.create({ customer: customer.id, invoice: id!, amount, currency: 'eur' });
    }
    const method = await emulator.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    if (isPaid) await emulator.stripe.invoices.pay(id!, { payment_method: method.id });
    return { invoiceId: id!, settle: { ...settle, invoiceIds: [id!] } };
  }

  test.each([
    ['as in a change of the plan', [-5_352, 13_481], 9_836],
    ['whose tax is not that of the sum', [-2, 3, 3, 3, 1_000], 1_220],
  ])('with negative lines, %s, goes back to the cent', async (_what, amounts, total) => {
    const { invoiceId, settle } = await oneOff(amounts);
    expect(await gateway.settleInvoices(settle)).toEqual({ paid: total, refunded: total });
    expect(await gateway.settleInvoices(settle)).toEqual({ paid: total, refunded: total });
    const { data } = await emulator.stripe.creditNotes.list({ invoice: invoiceId });
    expect(data).toMatchObject([{ total, lines: { data: [{ type: 'custom_line_item' }] } }]);
  });

  test('of which a part was credited without naming a line goes back to the cent', async () => {
    const { invoiceId, settle } = await oneOff([1_000, 2_000]);
    const lines = [{ type: 'custom_line_item' as const, description: 'Sorry', quantity: 1, unit_amount: 100 }];
    await emulator.stripe.creditNotes.create({ invoice: invoiceId, lines, refund_amount: 100 });
    expect(await gateway.settleInvoices(settle)).toEqual({ paid: 3_630, refunded: 3_630 });
  });

  test('that is a draft is removed, and one that is gone keeps nothing', async () => {
    const { settle } = await oneOff([1_000], false);
    expect(await gateway.settleInvoices(settle)).toEqual({ paid: 0, refunded: 0 });
    expect(await gateway.settleInvoices(settle)).toEqual({ paid: 0, refunded: 0 });
  });
});
