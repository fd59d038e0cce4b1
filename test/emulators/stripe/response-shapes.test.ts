import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Stripe } from 'stripe';
import { resources } from '../../../emulators/stripe/resources.ts';
import { type CheckAnswer, loadResponseSchemas } from './response-schemas.ts';
import { asBrowser, cardForm, order, payAsBrowser, type RunningEmulator, runEmulator } from './run-emulator.ts';

interface Seen {
  method: string;
  path: string;
  status: number;
  body: unknown;
}

let check: CheckAnswer;
let emulator: RunningEmulator;
let stripe: Stripe;
const seen: Seen[] = [];

/** Records every answer that the SDK gets. */
const noting: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init);
  const path = new URL(String(input)).pathname;
  seen.push({ method: init?.method ?? 'GET', path, status: answer.status, body: await answer.clone().json() });
  return answer;
};

const noteBrowser = async (path: string, form: Record<string, string>) => {
  const { status, body } = await asBrowser(emulator.address, path, form);
  seen.push({ method: 'POST', path, status, body });
  return body;
};

beforeAll(async () => {
  check = await loadResponseSchemas();
  emulator = await runEmulator({ fetch: noting });
  stripe = emulator.stripe;
}, 120_000);
afterAll(() => emulator?.[Symbol.asyncDispose]());

describe("every answer has the shape that Stripe's own document demands", () => {
  test('catalogue and customers', async () => {
    const { customer, subscription } = await order(stripe);
    await stripe.customers.retrieve(customer.id, { expand: ['subscriptions'] });
    await stripe.customers.update(customer.id, { address: { country: 'ES', city: 'Madrid' }, phone: '1' });
    await stripe.customers.list();
    const gone = await stripe.customers.create({});
    await stripe.customers.del(gone.id);
    await stripe.customers.retrieve(gone.id);
    const { data: products } = await stripe.products.list();
    await stripe.products.update(products[0]!.id, { description: 'b' });
    await stripe.products.retrieve(products[0]!.id);
    const lone = await stripe.products.create({ name: 'lone' });
    await stripe.products.del(lone.id);
    const { data: prices } = await stripe.prices.list({ expand: ['data.product'] });
    await stripe.prices.update(prices[0]!.id, { nickname: 'n' });
    await stripe.prices.retrieve(prices[0]!.id);
    const { data: rates } = await stripe.taxRates.list();
    await stripe.taxRates.update(rates[0]!.id, { description: 'd' });
    await stripe.taxRates.retrieve(rates[0]!.id);
    await stripe.subscriptions.update(subscription.id, { metadata: { a: '1' } });
    const { data: items } = await stripe.subscriptionItems.list({ subscription: subscription.id });
    await stripe.subscriptionItems.retrieve(items[0]!.id);
    await stripe.subscriptions.list({ customer: customer.id, expand: ['data.latest_invoice'] });
    await stripe.subscriptions.cancel(subscription.id);
    expect(seen.length).toBeGreaterThan(20);
  });

  test('payment methods and intents, refused and approved', async () => {
    const customer = await stripe.customers.create({ email: 'a@example.com' });
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.paymentMethods.update(method.id, { billing_details: { name: 'Ada' } });
    await stripe.paymentMethods.retrieve(method.id);
    await stripe.paymentMethods.list({ customer: customer.id });
    await stripe.customers.listPaymentMethods(customer.id);
    await stripe.paymentMethods.detach(method.id);
    await noteBrowser('/v1/payment_methods', {
      type: 'card',
      'card[number]': '4242424242424242',
      'card[exp_month]': '1',
      'card[exp_year]': '40',
    });
    const intent = await stripe.paymentIntents.create({ amount: 900, currency: 'eur', customer: customer.id });
    await stripe.paymentIntents.update(intent.id, { metadata: { a: '1' } });
    await noteBrowser(`/v1/payment_intents/${intent.id}/confirm`, cardForm('4000000000000002', intent.client_secret!));
    await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
    await noteBrowser(`/v1/payment_intents/${intent.id}/confirm`, cardForm('4000002500003155', intent.client_secret!));
    await stripe.paymentIntents.cancel(intent.id);
    await stripe.paymentIntents.list({ customer: customer.id });
    const setup = await stripe.setupIntents.create({ customer: customer.id });
    await stripe.setupIntents.retrieve(setup.id);
    await stripe.setupIntents.confirm(setup.id, { payment_method: 'pm_card_visa' });
  });

  test('invoices, credit notes, charges, refunds', async () => {
    const { invoice, clientSecret, customer } = await order(stripe);
    await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    await stripe.invoices.retrieve(invoice.id, { expand: ['payments', 'confirmation_secret'] });
    await stripe.invoices.update(invoice.id, { metadata: { a: '1' } });
    await stripe.invoices.list({ customer: customer.id });
    await stripe.invoices.listLineItems(invoice.id);
    const { data: payments } = await stripe.invoicePayments.list({ invoice: invoice.id });
    await stripe.invoicePayments.retrieve(payments[0]!.id);
    const [line] = invoice.lines.data;
    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: [{ type: 'invoice_line_item', invoice_line_item: line!.id, quantity: 1 }],
      refund_amount: 4999 + 1050,
    });
    await stripe.creditNotes.retrieve(note.id);
    await stripe.creditNotes.update(note.id, { memo: 'm' });
    await stripe.creditNotes.list({ invoice: invoice.id });
    await stripe.creditNotes.listLineItems(note.id);
    const { data: charges } = await stripe.charges.list({ customer: customer.id });
    await stripe.charges.retrieve(charges[0]!.id, { expand: ['refunds'] });
    const refund = await stripe.refunds.create({ charge: charges[0]!.id, amount: 1 });
    await stripe.refunds.retrieve(refund.id);
    await stripe.refunds.update(refund.id, { metadata: { a: '1' } });
    await stripe.refunds.list({ charge: charges[0]!.id });
    const item = await stripe.invoiceItems.create({ customer: customer.id, amount: 700, currency: 'eur' });
    await stripe.invoiceItems.retrieve(item.id);
    await stripe.invoiceItems.list({ pending: true, customer: customer.id });
    await stripe.invoiceItems.del(item.id);
    const draft = await stripe.invoices.create({ customer: customer.id });
    await stripe.invoices.del(draft.id);
    const sent = await stripe.invoices.create({
      customer: customer.id,
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: sent.id, amount: 700, currency: 'eur' });
    await stripe.invoices.finalizeInvoice(sent.id);
    await stripe.invoices.sendInvoice(sent.id);
    await stripe.invoices.pay(sent.id, { payment_method: 'pm_card_visa' });
    const other = await order(stripe);
    await stripe.subscriptions.retrieve(other.subscription.id);
    await stripe.invoices.voidInvoice(other.invoice.id);
  });

  test('events, webhook endpoints, refusals', async () => {
    const endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'] });
    await stripe.webhookEndpoints.retrieve(endpoint.id);
    await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
    await stripe.webhookEndpoints.list();
    await stripe.webhookEndpoints.del(endpoint.id);
    const { data: events } = await stripe.events.list({ limit: 100 });
    await stripe.events.retrieve(events[0]!.id);
    await stripe.customers.retrieve('cus_none').catch(() => null);
    await stripe.paymentIntents
      .create({ amount: 900, currency: 'eur', confirm: true, payment_method: 'pm_card_chargeDeclined' })
      .catch(() => null);
  });

  test('no answer was out of shape, and no route was left out', () => {
    expect(seen.flatMap(check)).toEqual([]);
    const objects = seen
      .filter(({ path }) => path === '/v1/events')
      .flatMap(({ body }) => (body as Stripe.ApiList<Stripe.Event>).data.map((event) => event.data.object as Stored));
    const wrong = objects.flatMap((object) => checkObject(object));
    expect(wrong).toEqual([]);
    const untouched = [...resources.values()]
      .flatMap((resource) => resource.routes)
      .filter((route) => {
        const pattern = new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`);
        return !seen.some(
          ({ method, path, status }) => method === route.method && status === 200 && pattern.test(path),
        );
      })
      .map((route) => `${route.method} ${route.path}`);
    expect(untouched).toEqual([]);
  }, 60_000);

  test('a broken answer is noticed', () => {
    const invoice = seen.find(({ path, method }) => method === 'GET' && /^\/v1\/invoices\/in_\w+$/.test(path))!;
    const broken = { ...invoice, body: { ...(invoice.body as object), amount_due: '12', lines: undefined } };
    expect(check(broken).join(' ')).toMatch(/amount_due/);
  });
});

type Stored = { id: string; object: string };

/** Objects inside events, checked as if they had been retrieved. */
const folders: Record<string, string> = {
  charge: 'charges',
  credit_note: 'credit_notes',
  customer: 'customers',
  invoice: 'invoices',
  invoice_payment: 'invoice_payments',
  invoiceitem: 'invoiceitems',
  payment_intent: 'payment_intents',
  payment_method: 'payment_methods',
  price: 'prices',
  product: 'products',
  refund: 'refunds',
  setup_intent: 'setup_intents',
  subscription: 'subscriptions',
  tax_rate: 'tax_rates',
};

function checkObject(object: Stored): string[] {
  const folder = folders[object.object] ?? object.object;
  return check({ method: 'GET', path: `/v1/${folder}/${object.id}`, status: 200, body: object });
}
