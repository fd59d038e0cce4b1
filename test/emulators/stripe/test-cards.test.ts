import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Stripe } from 'stripe';
import {
  asBrowser,
  cardForm,
  clientOf,
  order,
  payAsBrowser,
  publishableKey,
  type RunningEmulator,
  runEmulator,
} from './run-emulator.ts';

let emulator: RunningEmulator;
let stripe: Stripe;

beforeAll(async () => {
  emulator = await runEmulator();
  stripe = emulator.stripe;
});
afterAll(() => emulator[Symbol.asyncDispose]());

const newIntent = (params: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({ amount: 1000, currency: 'eur', ...params });

/** The customer's answer on the page of their bank. */
const answerBank = (intent: Stripe.PaymentIntent, answer: string) =>
  fetch(intent.next_action?.redirect_to_url?.url ?? '', {
    method: 'POST',
    body: new URLSearchParams({ answer }),
    redirect: 'manual',
  });

describe('test cards', () => {
  test('4242… pays', async () => {
    const intent = await newIntent();
    expect((await payAsBrowser(emulator.address, intent.client_secret ?? '', '4242424242424242')).body.status).toBe(
      'succeeded',
    );
    const { latest_charge } = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
    expect(latest_charge).toMatchObject({
      paid: true,
      amount: 1000,
      payment_method_details: { card: { last4: '4242' } },
    });
  });

  test.each([
    ['4000000000000002', 'card_declined', 'generic_decline'],
    ['4000000000009995', 'card_declined', 'insufficient_funds'],
    ['4000000000000341', 'card_declined', 'generic_decline'],
    ['4000000000000069', 'expired_card', undefined],
    ['4000000000000127', 'incorrect_cvc', undefined],
    ['4000000000000119', 'processing_error', undefined],
    ['4242424242424241', 'incorrect_number', undefined],
    ['4111111111111111', 'card_declined', 'test_mode_live_card'],
  ])('%s is refused with %s %s', async (number, code, declineCode) => {
    const intent = await newIntent();
    const { status, body } = await payAsBrowser(emulator.address, intent.client_secret ?? '', number);
    expect(status).toBe(402);
    expect(body.error).toMatchObject({ type: 'card_error', code });
    expect(body.error?.decline_code).toBe(declineCode);
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('requires_payment_method');
  });

  test('only some refused cards can be saved', async () => {
    const customer = await stripe.customers.create();
    const attach = (name: string) => stripe.paymentMethods.attach(name, { customer: customer.id });
    await expect(attach('pm_card_chargeDeclined')).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    const saved = await attach('pm_card_chargeCustomerFail');
    const listed = await stripe.customers.listPaymentMethods(customer.id);
    expect(listed.data.map((method) => method.id)).toEqual([saved.id]);
    await expect(
      newIntent({ customer: customer.id, payment_method: saved.id, confirm: true, off_session: true }),
    ).rejects.toMatchObject({ code: 'card_declined', payment_intent: { status: 'requires_payment_method' } });
    expect((await stripe.paymentMethods.detach(saved.id)).customer).toBeNull();
  });

  test('an expired date is refused before any charge', async () => {
    const intent = await newIntent();
    const form = {
      ...cardForm('4242424242424242', intent.client_secret ?? ''),
      'payment_method_data[card][exp_year]': '2020',
    };
    const { body } = await asBrowser(emulator.address, `/v1/payment_intents/${intent.id}/confirm`, form);
    expect(body.error).toMatchObject({ code: 'invalid_expiry_year' });
    expect((await stripe.charges.list({ payment_intent: intent.id })).data).toEqual([]);
  });
});

describe('a declined order', () => {
  test('stays open and is paid by a better card on the same payment intent', async () => {
    const { subscription, invoice, clientSecret } = await order(stripe);
    const refused = await payAsBrowser(emulator.address, clientSecret, '4000000000000002');
    expect(refused.body.error).toMatchObject({ code: 'card_declined', decline_code: 'generic_decline' });
    const open = await stripe.invoices.retrieve(invoice.id);
    expect(open).toMatchObject({ status: 'open', attempted: true, attempt_count: 1 });
    const [failed] = (await stripe.events.list({ types: ['invoice.payment_failed'] })).data;
    expect(failed?.data.object).toMatchObject({ id: invoice.id });
    expect((await payAsBrowser(emulator.address, clientSecret, '4242424242424242')).body.status).toBe('succeeded');
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    const charges = await stripe.charges.list({ payment_intent: clientSecret.split('_secret_')[0] });
    expect(charges.data.map((charge) => charge.status)).toEqual(['succeeded', 'failed']);
    const again = await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    expect(again.status).toBe(400);
    expect(again.body.error).toMatchObject({ code: 'payment_intent_unexpected_state' });
  });
});

describe('3-D Secure', () => {
  const challenge = async () => {
    const made = await order(stripe);
    const { body } = await payAsBrowser(emulator.address, made.clientSecret, '4000002500003155');
    expect(body.status).toBe('requires_action');
    expect(body.next_action?.type).toBe('redirect_to_url');
    return { ...made, intent: body };
  };

  test('approved, it pays and leads back to the shop', async () => {
    const { subscription, intent } = await challenge();
    const page = await fetch(intent.next_action?.redirect_to_url?.url ?? '');
    expect(await page.text()).toContain('Approve');
    const answered = await answerBank(intent, 'approve');
    expect(answered.status).toBe(303);
    const back = new URL(answered.headers.get('location') ?? '');
    expect(back.origin).toBe('https://shop.example');
    expect(back.searchParams.get('redirect_status')).toBe('succeeded');
    expect(back.searchParams.get('payment_intent')).toBe(intent.id);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('refused, it waits for another card', async () => {
    const { subscription, intent, clientSecret } = await challenge();
    const answered = await answerBank(intent, 'refuse');
    expect(new URL(answered.headers.get('location') ?? '').searchParams.get('redirect_status')).toBe('failed');
    const failed = await stripe.paymentIntents.retrieve(intent.id);
    expect(failed).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
    expect((await answerBank(intent, 'approve')).status).toBe(400);
    await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('abandoned, it expires with the order', async () => {
    const { subscription, invoice, intent } = await challenge();
    await emulator.advance(24 * 3600 * 1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete_expired');
    expect((await stripe.invoices.retrieve(invoice.id)).status).toBe('void');
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('canceled');
    expect((await answerBank(intent, 'approve')).status).toBe(400);
  });

  test('a card set up once needs no approval off session', async () => {
    const customer = await stripe.customers.create();
    const setup = await stripe.setupIntents.create({ customer: customer.id });
    const { body } = await asBrowser(
      emulator.address,
      `/v1/setup_intents/${setup.id}/confirm`,
      cardForm('4000002500003155', setup.client_secret ?? ''),
    );
    expect(body.status).toBe('requires_action');
    await answerBank(body, 'approve');
    const done = await stripe.setupIntents.retrieve(setup.id);
    expect(done.status).toBe('succeeded');
    const paid = await newIntent({
      customer: customer.id,
      payment_method: done.payment_method as string,
      confirm: true,
      off_session: true,
    });
    expect(paid.status).toBe('succeeded');
  });

  test('off session without set-up is a refusal', async () => {
    await expect(
      newIntent({ payment_method: 'pm_card_authenticationRequired', confirm: true, off_session: true }),
    ).rejects.toMatchObject({ statusCode: 402, code: 'authentication_required' });
  });
});

describe('browsers', () => {
  test('must know the client secret and may not use the rest of the API', async () => {
    const intent = await newIntent();
    const stolen = cardForm('4242424242424242', `${intent.id}_secret_guessed`);
    expect((await asBrowser(emulator.address, `/v1/payment_intents/${intent.id}/confirm`, stolen)).status).toBe(400);
    const { client_secret: _none, ...without } = stolen;
    const missing = await asBrowser(emulator.address, `/v1/payment_intents/${intent.id}/confirm`, without);
    expect(missing.body.error).toMatchObject({ code: 'parameter_missing', param: 'client_secret' });
    const browser = clientOf(emulator.address, {}, publishableKey);
    await expect(browser.customers.list()).rejects.toMatchObject({ statusCode: 401, code: 'secret_key_required' });
    const own = await browser.paymentIntents.retrieve(intent.id, { client_secret: intent.client_secret ?? '' });
    expect(own.status).toBe('requires_payment_method');
  });

  test('of another origin may call the API but not the controls', async () => {
    const preflight = await fetch(`${emulator.address}/v1/payment_methods`, { method: 'OPTIONS' });
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    const control = await fetch(`${emulator.address}/emulator/clock`, { method: 'OPTIONS' });
    expect(control.headers.get('access-control-allow-origin')).toBeNull();
    const simple = await fetch(`${emulator.address}/emulator/clock`, { method: 'POST', body: '{"advanceMs":1000}' });
    expect(simple.status).toBe(400);
  });
});
