import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Stripe } from 'stripe';
import { until } from '../../support/until.ts';
import { order, payAsBrowser, type RunningEmulator, receiveWebhooks, runEmulator } from './run-emulator.ts';

let hooks: Awaited<ReturnType<typeof receiveWebhooks>>;
let emulator: RunningEmulator;

beforeEach(async () => {
  hooks = await receiveWebhooks();
  emulator = await runEmulator({ webhookUrl: hooks.url });
});
afterEach(async () => {
  await emulator[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
});

const undelivered = async () => (await emulator.stripe.events.list({ delivery_success: false })).data;

/** How many webhooks are pending. */
async function waiting(): Promise<number> {
  const answer = await fetch(`${emulator.address}/emulator/deliveries`);
  return ((await answer.json()) as { waiting: number }).waiting;
}

describe('webhooks', () => {
  test('are tried again until somebody acknowledges them', async () => {
    hooks.state.status = 503;
    await emulator.stripe.customers.create({ email: 'retry@example.com' });
    await until(() => hooks.state.refused >= 3);
    expect((await undelivered())[0]).toMatchObject({ type: 'customer.created', pending_webhooks: 1 });
    hooks.state.status = 200;
    await until(() => hooks.of('customer.created').length === 1);
    await until(async () => (await undelivered()).length === 0);
    expect((await emulator.stripe.events.list({ delivery_success: true })).data.length).toBe(1);
  });

  test('survive a killed process, as everything that was answered does', async () => {
    hooks.state.status = 503;
    const { subscription, invoice, clientSecret } = await order(emulator.stripe);
    await emulator.end('SIGKILL');
    hooks.state.status = 200;
    await emulator.start();
    await until(() => hooks.of('customer.subscription.created').length === 1);
    const kept = await emulator.stripe.subscriptions.retrieve(subscription.id);
    expect(kept).toMatchObject({ status: 'incomplete', latest_invoice: invoice.id });
    await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    await until(() => hooks.of('invoice.paid').length === 1);
    await emulator.end('SIGKILL');
    await emulator.start();
    expect((await emulator.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    await until(async () => (await undelivered()).length === 0);
  }, 60_000);

  test('the clock and the kept answers outlive a restart, and what fell due meanwhile happens', async () => {
    const key = { idempotencyKey: 'restart:1' };
    const customer = await emulator.stripe.customers.create({ email: 'restart@example.com' }, key);
    await emulator.advance(3 * 3600 * 1000);
    const before = (await emulator.control('GET', 'clock')).now;
    expect(await emulator.end('SIGTERM')).toBe(0);
    await emulator.start();
    expect((await emulator.control('GET', 'clock')).now).toBeGreaterThanOrEqual(before);
    expect((await emulator.stripe.customers.create({ email: 'restart@example.com' }, key)).id).toBe(customer.id);
  });

  test('can be dropped, and the events are still found by their lists', async () => {
    await emulator.control('POST', 'faults', { webhooks: { drop: ['customer.created'] } });
    await emulator.stripe.customers.create({ email: 'dropped@example.com' });
    await emulator.stripe.products.create({ name: 'told' });
    await until(() => hooks.of('product.created').length === 1);
    expect(hooks.of('customer.created')).toEqual([]);
    expect((await undelivered()).map((event) => event.type)).toEqual(['customer.created']);
    await until(async () => (await waiting()) === 0);
  });

  test('can come twice, with the same id', async () => {
    await emulator.control('POST', 'faults', { webhooks: { duplicate: true } });
    await emulator.stripe.customers.create({ email: 'twice@example.com' });
    await until(() => hooks.received.length === 2);
    expect(new Set(hooks.received.map((event) => event.id)).size).toBe(1);
  });

  test('can come out of order', async () => {
    await emulator.control('POST', 'faults', { webhooks: { reorder: true } });
    const { clientSecret } = await order(emulator.stripe);
    await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    const { data } = await emulator.stripe.events.list({ limit: 100 });
    await until(() => hooks.received.length === data.length);
    const happened = data.map((event) => event.id).reverse();
    const came = hooks.received.map((event) => event.id);
    expect(came).not.toEqual(happened);
    expect([...came].sort()).toEqual([...happened].sort());
  });

  test('can be late', async () => {
    await emulator.control('POST', 'faults', { webhooks: { delayMs: 400 } });
    const started = Date.now();
    await emulator.stripe.customers.create({ email: 'late@example.com' });
    expect(await waiting()).toBe(1);
    await until(() => hooks.received.length === 1);
    expect(Date.now() - started).toBeGreaterThanOrEqual(390);
  });

  test('can be days late, and are signed when they are sent', async () => {
    await emulator.control('POST', 'faults', { webhooks: { delayMs: 3 * 24 * 3_600_000 } });
    await emulator.stripe.customers.create({ email: 'days-late@example.com' });
    await emulator.advance(2 * 24 * 3_600_000);
    expect(await waiting()).toBe(1);
    expect(hooks.received).toEqual([]);
    await emulator.advance(24 * 3_600_000);
    await until(() => hooks.of('customer.created').length === 1);
  });

  test('go to every endpoint that asked for the type, signed with its own secret', async () => {
    const bodies: { body: string; signature: string }[] = [];
    const { createServer } = await import('node:http');
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push({ body, signature: String(request.headers['stripe-signature']) });
      response.end();
    }).listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as { port: number };
    const endpoint = await emulator.stripe.webhookEndpoints.create({
      url: `http://127.0.0.1:${port}/`,
      enabled_events: ['product.created'],
    });
    expect(endpoint.secret).toMatch(/^whsec_/);
    expect((await emulator.stripe.webhookEndpoints.retrieve(endpoint.id)).secret).toBeUndefined();
    await emulator.stripe.customers.create({});
    await emulator.stripe.products.create({ name: 'only this' });
    await until(() => bodies.length === 1);
    const event = Stripe.webhooks.constructEvent(bodies[0]!.body, bodies[0]!.signature, endpoint.secret!);
    expect(event.type).toBe('product.created');
    await emulator.stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
    await emulator.stripe.products.create({ name: 'not told' });
    await until(() => hooks.of('product.created').length === 2);
    expect(bodies.length).toBe(1);
    server.close();
  });
});
