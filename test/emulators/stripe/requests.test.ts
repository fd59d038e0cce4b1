import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Stripe } from 'stripe';
import { apiVersion, clientOf, makeCatalogue, type RunningEmulator, runEmulator, secretKey } from './run-emulator.ts';

let emulator: RunningEmulator;
let stripe: Stripe;

beforeAll(async () => {
  emulator = await runEmulator();
  stripe = emulator.stripe;
});
afterAll(() => emulator[Symbol.asyncDispose]());
afterEach(() => emulator.control('DELETE', 'faults'));

/** A request below the SDK, to see headers and to send what the SDK never would. */
const raw = (
  path: string,
  {
    method = 'POST',
    form = {},
    headers = {},
  }: { method?: string; form?: Record<string, string>; headers?: Record<string, string> } = {},
) =>
  fetch(`${emulator.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${secretKey}`, ...headers },
    body: method === 'POST' ? new URLSearchParams(form) : undefined,
  });

describe('idempotency keys', () => {
  test('the same request again is answered from the first, and makes nothing', async () => {
    const options = { idempotencyKey: 'order:1:customer' };
    const first = await stripe.customers.create({ email: 'once@example.com' }, options);
    const second = await stripe.customers.create({ email: 'once@example.com' }, options);
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(second.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
    expect((await stripe.customers.list({ email: 'once@example.com' })).data.length).toBe(1);
  });

  test('another body, or another endpoint, is refused', async () => {
    const options = { idempotencyKey: 'order:2:customer' };
    await stripe.customers.create({ email: 'a@example.com' }, options);
    const refused = { statusCode: 400, type: 'StripeIdempotencyError' };
    await expect(stripe.customers.create({ email: 'b@example.com' }, options)).rejects.toMatchObject(refused);
    await expect(stripe.products.create({ name: 'a' }, options)).rejects.toMatchObject(refused);
  });

  test('a refused parameter is not kept, a refused card is', async () => {
    const key = { 'idempotency-key': 'order:3' };
    expect((await raw('/v1/customers', { form: { nothing: '1' }, headers: key })).status).toBe(400);
    expect((await raw('/v1/customers', { form: { email: 'c@example.com' }, headers: key })).status).toBe(200);

    const pay = { amount: '500', currency: 'eur', confirm: 'true', payment_method: 'pm_card_chargeDeclined' };
    const declined = () => raw('/v1/payment_intents', { form: pay, headers: { 'idempotency-key': 'order:3:pay' } });
    const first = await declined();
    const second = await declined();
    expect([first.status, second.status]).toEqual([402, 402]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await second.json()).toEqual(await first.json());
  });

  test('while the first is still at work the second is told so', async () => {
    await emulator.control('POST', 'faults', { http: { path: '/v1/customers', delayMs: 1000 } });
    const create = () => stripe.customers.create({ email: 'slow@example.com' }, { idempotencyKey: 'order:4' });
    const answers = await Promise.allSettled([create(), create()]);
    const refused = answers.filter((answer) => answer.status === 'rejected').map((answer) => answer.reason);
    expect(refused).toMatchObject([{ statusCode: 409, code: 'idempotency_key_in_use' }]);
    expect((await stripe.customers.list({ email: 'slow@example.com' })).data.length).toBe(1);
  });

  test('a key is forgotten after 24 hours', async () => {
    const options = { idempotencyKey: 'order:5' };
    const first = await stripe.customers.create({ email: 'old@example.com' }, options);
    await emulator.advance(24 * 3600 * 1000);
    expect((await stripe.customers.create({ email: 'old@example.com' }, options)).id).not.toBe(first.id);
  });
});

describe('ordered faults', () => {
  const fault = (http: object) => emulator.control('POST', 'faults', { http: { path: '/v1/customers', ...http } });

  test('a 500 before the work makes nothing and is given again under its key', async () => {
    await fault({ status: 500, commit: 'before' });
    const options = { idempotencyKey: 'fault:1' };
    const create = () => stripe.customers.create({ email: 'before@example.com' }, options);
    await expect(create()).rejects.toMatchObject({ statusCode: 500 });
    await expect(create()).rejects.toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } });
    expect((await stripe.customers.list({ email: 'before@example.com' })).data).toEqual([]);
    await stripe.customers.create({ email: 'before@example.com' }, { idempotencyKey: 'fault:1:g1' });
  });

  test('a 500 after the work keeps what was made', async () => {
    await fault({ status: 500, commit: 'after' });
    const options = { idempotencyKey: 'fault:2' };
    const create = () => stripe.customers.create({ email: 'after@example.com' }, options);
    await expect(create()).rejects.toMatchObject({ statusCode: 500 });
    await expect(create()).rejects.toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } });
    expect((await stripe.customers.list({ email: 'after@example.com' })).data.length).toBe(1);
  });

  test('a 429 is not kept: the next try goes through', async () => {
    await fault({ status: 429, method: 'POST', times: 2 });
    const create = () => stripe.customers.create({ email: 'limited@example.com' }, { idempotencyKey: 'fault:3' });
    await expect(create()).rejects.toMatchObject({ statusCode: 429, type: 'StripeRateLimitError' });
    await expect(create()).rejects.toMatchObject({ statusCode: 429 });
    expect((await create()).email).toBe('limited@example.com');
  });

  test('strike only the requests they name', async () => {
    await fault({ status: 500, path: '/v1/products' });
    await stripe.customers.create({});
    await expect(stripe.products.list()).rejects.toMatchObject({ statusCode: 500 });
    await stripe.products.list();
  });

  test('the SDK, told to retry, gets the kept 500 again', async () => {
    await fault({ status: 500, commit: 'before' });
    const retrying = clientOf(emulator.address, { maxNetworkRetries: 1 });
    await expect(retrying.customers.create({ email: 'retry@example.com' })).rejects.toMatchObject({ statusCode: 500 });
  });
});

describe('parameters', () => {
  const refusal = async (form: Record<string, string>, path = '/v1/subscriptions') => {
    const answer = await raw(path, { form });
    expect(answer.status).toBe(400);
    return (await answer.json()).error;
  };

  test('unknown ones are refused at any depth', async () => {
    expect(await refusal({ email: 'a@example.com', nickname: 'a' }, '/v1/customers')).toMatchObject({
      type: 'invalid_request_error',
      code: 'parameter_unknown',
      param: 'nickname',
      message: 'Received unknown parameter: nickname',
    });
    const given = { customer: 'cus_1', 'items[0][price]': 'price_1' };
    expect(await refusal({ ...given, 'items[0][coupon]': 'x' })).toMatchObject({
      code: 'parameter_unknown',
      param: 'items[0][coupon]',
    });
    expect(await refusal({ ...given, 'payment_settings[payment_method_typez][0]': 'card' })).toMatchObject({
      code: 'parameter_unknown',
      param: 'payment_settings[payment_method_typez]',
    });
    expect(await refusal({ 'address[town]': 'Madrid' }, '/v1/customers')).toMatchObject({
      code: 'parameter_unknown',
      param: 'address[town]',
    });
    const filtered = await raw('/v1/events?created[from]=1', { method: 'GET' });
    expect((await filtered.json()).error).toMatchObject({ code: 'parameter_unknown', param: 'created[from]' });
  });

  test('missing, empty, wrong and foreign ones are named', async () => {
    expect(await refusal({ customer: 'cus_1' })).toMatchObject({ code: 'parameter_missing', param: 'items' });
    expect(await refusal({ customer: 'cus_1', 'items[0][quantity]': '1' })).toMatchObject({
      code: 'parameter_missing',
      param: 'items[0][price]',
    });
    expect(await refusal({ name: '' }, '/v1/products')).toMatchObject({
      code: 'parameter_invalid_empty',
      param: 'name',
    });
    expect(await refusal({ amount: 'ten', currency: 'eur' }, '/v1/payment_intents')).toMatchObject({
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
    const given = { customer: 'cus_1', 'items[0][price]': 'price_1' };
    expect(await refusal({ ...given, collection_method: 'cash' })).toMatchObject({ param: 'collection_method' });
    expect(await refusal({ ...given, items: 'price_1' })).toMatchObject({ type: 'invalid_request_error' });
    expect(await refusal(given)).toMatchObject({ code: 'resource_missing', param: 'customer' });
    const customer = await stripe.customers.create();
    expect(await refusal({ ...given, customer: customer.id })).toMatchObject({
      code: 'resource_missing',
      param: 'items[0][price]',
    });
  });

  test('an empty value unsets what may be unset, metadata by its keys', async () => {
    const customer = await stripe.customers.create({ description: 'a', metadata: { a: '1', b: '2', '0': 'zero' } });
    const changed = await stripe.customers.update(customer.id, { description: '', metadata: { a: '', c: '3' } });
    expect(changed.description).toBeNull();
    expect(changed.metadata).toEqual({ '0': 'zero', b: '2', c: '3' });
    expect((await stripe.customers.update(customer.id, { metadata: '' })).metadata).toEqual({});
  });
});

describe('access', () => {
  test('every answer says that it is an emulator, with a request id', async () => {
    const [known, unknown, control] = await Promise.all([
      raw('/v1/customers', { method: 'GET' }),
      raw('/v1/nothing'),
      raw('/emulator/clock', { method: 'GET' }),
    ]);
    for (const answer of [known, unknown, control])
      expect(answer.headers.get('x-stripe-emulator')).toBe('Freehold-Stripe-Emulator');
    expect(known.headers.get('request-id')).toMatch(/^req_/);
    expect(known.headers.get('stripe-version')).toBe(apiVersion);
    expect(unknown.status).toBe(404);
    expect((await unknown.json()).error.type).toBe('invalid_request_error');
  });

  test('wrong keys and wrong versions are refused', async () => {
    await expect(clientOf(emulator.address, {}, 'sk_test_other').customers.list()).rejects.toMatchObject({
      statusCode: 401,
      type: 'StripeAuthenticationError',
    });
    const nobody = await fetch(`${emulator.address}/v1/customers`);
    expect(nobody.status).toBe(401);
    const basic = { authorization: `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}` };
    expect((await raw('/v1/customers', { method: 'GET', headers: basic })).status).toBe(200);
    for (const version of ['yesterday', '2020-08-27']) {
      const answer = await raw('/v1/customers', { method: 'GET', headers: { 'stripe-version': version } });
      expect(answer.status).toBe(400);
    }
  });

  test('a missing object is 404, a deleted customer says so', async () => {
    await expect(stripe.customers.retrieve('cus_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: "No such customer: 'cus_none'",
    });
    const customer = await stripe.customers.create();
    await stripe.customers.del(customer.id);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
  });
});

describe('lists', () => {
  test('newest first, by cursors in both directions, to the end', async () => {
    const made: string[] = [];
    for (let count = 0; count < 7; count += 1) made.unshift((await stripe.products.create({ name: `p${count}` })).id);
    const first = await stripe.products.list({ limit: 3 });
    expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/products' });
    expect(first.data.map((product) => product.id)).toEqual(made.slice(0, 3));
    const next = await stripe.products.list({ limit: 3, starting_after: made[2] });
    expect(next.data.map((product) => product.id)).toEqual(made.slice(3, 6));
    const back = await stripe.products.list({ limit: 2, ending_before: made[5] });
    expect(back.data.map((product) => product.id)).toEqual(made.slice(3, 5));
    expect(back.has_more).toBe(true);
    const all = await stripe.products.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map((product) => product.id)).toEqual(made);
    await expect(stripe.products.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' });
    await expect(stripe.products.list({ starting_after: 'prod_none' })).rejects.toMatchObject({
      code: 'resource_missing',
      param: 'starting_after',
    });
  });

  test('by the time of creation', async () => {
    const early = await stripe.customers.create({ email: 'time@example.com' });
    await emulator.advance(3600 * 1000);
    const late = await stripe.customers.create({ email: 'time@example.com' });
    const listed = async (created: Stripe.RangeQueryParam | number) =>
      (await stripe.customers.list({ email: 'time@example.com', created })).data.map((customer) => customer.id);
    expect(await listed({ gt: early.created })).toEqual([late.id]);
    expect(await listed({ lte: early.created })).toEqual([early.id]);
    expect(await listed(late.created)).toEqual([late.id]);
    const { data } = await stripe.events.list({ created: { gte: late.created }, types: ['customer.created'] });
    expect(data.map((event) => (event.data.object as Stripe.Customer).id)).toEqual([late.id]);
  });

  test('are expanded through their elements, at most four levels, only where Stripe can', async () => {
    const { plan } = await makeCatalogue(stripe);
    const customer = await stripe.customers.create({ email: 'expand@example.com' });
    await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: plan.id }],
      payment_behavior: 'default_incomplete',
    });
    const { data } = await stripe.subscriptions.list({
      customer: customer.id,
      expand: [
        'data.customer',
        'data.latest_invoice.payments.data.payment.payment_intent',
        'data.items.data.price.product',
      ],
    });
    expect(data[0]).toMatchObject({
      customer: { email: 'expand@example.com' },
      items: { data: [{ price: { product: { object: 'product' } } }] },
      latest_invoice: { payments: { data: [{ payment: { payment_intent: { object: 'payment_intent' } } }] } },
    });
    const path = 'latest_invoice.lines.data.pricing.price_details.price';
    await expect(stripe.subscriptions.list({ expand: [`data.${path}`] })).rejects.toMatchObject({ param: 'expand' });
    for (const expand of ['email', 'nothing', 'metadata.a']) {
      await expect(stripe.customers.retrieve(customer.id, { expand: [expand] })).rejects.toMatchObject({
        statusCode: 400,
        message: `This property cannot be expanded (${expand}).`,
      });
    }
  });
});
