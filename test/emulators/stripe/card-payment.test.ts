import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Stripe } from 'stripe';
import { until } from '../../support/until.ts';
import {
  makeCatalogue,
  order,
  orderTotal,
  payAsBrowser,
  type RunningEmulator,
  receiveWebhooks,
  runEmulator,
} from './run-emulator.ts';

let hooks: Awaited<ReturnType<typeof receiveWebhooks>>;
let emulator: RunningEmulator;
let stripe: Stripe;

beforeAll(async () => {
  hooks = await receiveWebhooks();
  emulator = await runEmulator({ webhookUrl: hooks.url });
  stripe = emulator.stripe;
});
afterAll(async () => {
  await emulator[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
});

/** The webhooks about this object. */
const toldOf = (id: string) =>
  hooks.received.filter((event) => (event.data.object as { id?: string }).id === id).map((event) => event.type);

describe('a card order', () => {
  test('is paid in the browser, makes invoice and subscription good, and everybody is told by signed webhooks', async () => {
    const { subscription, invoice, clientSecret, customer } = await order(stripe);
    expect(subscription.status).toBe('incomplete');
    expect(subscription.items.data.map((item) => [item.quantity, item.metadata.role])).toEqual([
      [1, 'plan'],
      [3, 'users'],
      [1, 'support'],
    ]);
    expect(invoice).toMatchObject({
      status: 'open',
      subtotal: orderTotal.subtotal,
      total: orderTotal.total,
      amount_due: orderTotal.total,
      total_excluding_tax: orderTotal.subtotal,
      billing_reason: 'subscription_create',
    });
    expect(invoice.total_taxes?.map((tax) => tax.amount)).toEqual([orderTotal.tax]);
    expect(invoice.lines.data.map((line) => [line.amount, line.taxes?.[0]?.amount])).toEqual([
      [4999, 1050],
      [999, 210],
      [2950, 620],
    ]);
    expect(invoice.parent?.subscription_details?.subscription).toBe(subscription.id);

    const paid = await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    expect(paid.status).toBe(200);
    expect(paid.body).toMatchObject({ status: 'succeeded', amount: orderTotal.total });
    expect(paid.body).not.toHaveProperty('customer');

    const after = await stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice.payments', 'default_payment_method'],
    });
    expect(after.status).toBe('active');
    expect((after.default_payment_method as Stripe.PaymentMethod).card?.last4).toBe('4242');
    const settled = after.latest_invoice as Stripe.Invoice;
    expect(settled).toMatchObject({ status: 'paid', amount_paid: orderTotal.total, amount_remaining: 0 });
    expect(settled.number).toBe(`${customer.invoice_prefix}-0001`);
    expect(settled.payments?.data).toMatchObject([{ status: 'paid', amount_paid: orderTotal.total }]);

    await until(() => toldOf(subscription.id).includes('customer.subscription.updated'), { what: 'the webhooks came' });
    await until(() => toldOf(invoice.id).includes('invoice.paid'));
    const reported = hooks
      .of('customer.subscription.updated')
      .find((event) => (event.data.object as Stripe.Subscription).id === subscription.id);
    expect(reported).toMatchObject({
      object: 'event',
      api_version: '2026-10-28.endive',
      livemode: false,
      data: { object: { status: 'active' }, previous_attributes: { status: 'incomplete' } },
    });
    expect(toldOf(clientSecret.split('_secret_')[0]!)).toEqual(
      expect.arrayContaining(['payment_intent.created', 'payment_intent.succeeded']),
    );
    await until(async () => {
      const { data } = await stripe.events.list({ type: 'invoice.paid' });
      return data.every((event) => event.pending_webhooks === 0);
    });
  });

  test('a period of a month ends on the same day of the next one, and items carry it', async () => {
    const { subscription } = await order(stripe);
    const [item] = (await stripe.subscriptionItems.list({ subscription: subscription.id })).data;
    expect(item?.current_period_start).toBe(subscription.created);
    const days = ((item?.current_period_end ?? 0) - subscription.created) / 86_400;
    expect(days).toBeGreaterThanOrEqual(28);
    expect(days).toBeLessThanOrEqual(31);
  });

  test('a second invoice of the same customer has the next number', async () => {
    const { customer } = await order(stripe);
    const draft = await stripe.invoices.create({ customer: customer.id });
    expect(draft.status).toBe('draft');
    const opened = await stripe.invoices.finalizeInvoice(draft.id);
    expect(opened).toMatchObject({ status: 'paid', total: 0, number: `${customer.invoice_prefix}-0002` });
  });

  test('a total of 0 needs no payment: active at once, with a setup intent for later', async () => {
    const customer = await stripe.customers.create({ email: 'free@example.com' });
    const free = await stripe.prices.create({
      currency: 'eur',
      unit_amount: 0,
      recurring: { interval: 'year' },
      product_data: { name: 'free plan' },
    });
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: free.id }],
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice.confirmation_secret', 'pending_setup_intent'],
    });
    expect(subscription.status).toBe('active');
    expect(subscription.latest_invoice).toMatchObject({ status: 'paid', amount_due: 0, confirmation_secret: null });
    expect(subscription.pending_setup_intent).toMatchObject({
      object: 'setup_intent',
      status: 'requires_payment_method',
    });
  });

  test('a customer exempt by reverse charge pays no tax, and the invoice says why', async () => {
    const { plan, vat } = await makeCatalogue(stripe);
    const customer = await stripe.customers.create({ email: 'b2b@example.com', tax_exempt: 'reverse' });
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: plan.id }],
      default_tax_rates: [vat.id],
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice'],
    });
    const invoice = subscription.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ total: 4999, total_taxes: [{ amount: 0, taxability_reason: 'reverse_charge' }] });
  });

  test('a default payment method is charged at once unless the order waits for its customer', async () => {
    const { plan } = await makeCatalogue(stripe);
    const customer = await stripe.customers.create({ email: 'saved@example.com' });
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
    const subscribe = (payment_behavior: Stripe.SubscriptionCreateParams.PaymentBehavior) =>
      stripe.subscriptions.create({ customer: customer.id, items: [{ price: plan.id }], payment_behavior });
    expect((await subscribe('allow_incomplete')).status).toBe('active');
    expect((await subscribe('default_incomplete')).status).toBe('incomplete');

    const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: failing.id } });
    expect((await subscribe('allow_incomplete')).status).toBe('incomplete');
    const before = (await stripe.subscriptions.list({ customer: customer.id, limit: 100 })).data.length;
    await expect(subscribe('error_if_incomplete')).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect((await stripe.subscriptions.list({ customer: customer.id, limit: 100 })).data.length).toBe(before);
  });
});

describe('prices', () => {
  test('are found by lookup key, which moves only when told to', async () => {
    const { plan } = await makeCatalogue(stripe);
    const found = await stripe.prices.list({ lookup_keys: ['grow_local_monthly', 'nothing'], active: true });
    expect(found.data.map((price) => price.id)).toEqual([plan.id]);
    const dearer = {
      product: plan.product as string,
      currency: 'eur',
      unit_amount: 5999,
      lookup_key: 'grow_local_monthly',
    };
    await expect(stripe.prices.create(dearer)).rejects.toMatchObject({ statusCode: 400, param: 'lookup_key' });
    const moved = await stripe.prices.create({ ...dearer, transfer_lookup_key: true });
    expect((await stripe.prices.retrieve(plan.id)).lookup_key).toBeNull();
    const again = await stripe.prices.list({ lookup_keys: ['grow_local_monthly'], expand: ['data.product'] });
    expect(again.data).toMatchObject([{ id: moved.id, unit_amount: 5999, product: { name: 'grow_local_monthly' } }]);
  });
});
