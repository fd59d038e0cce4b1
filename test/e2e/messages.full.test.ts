import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createVisitor } from '../../src/embedded/demo/first-use.ts';
import { clocks } from '../../src/embedded/processes.ts';
import { createStripe } from '../../src/payments/client.ts';
import { until } from '../support/until.ts';
import { createFaults } from './support/faults.ts';
import { findings, undone } from './support/findings.ts';
import { isDeliveredOnce } from './support/is-delivered-once.ts';
import { paymentsOf } from './support/payments.ts';
import { buy, cards, type Purchase } from './support/purchase.ts';
import { latePaymentsWaiting, latePaymentWorkflow } from './support/workflows.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

/** Messages that arrive at the wrong time or not at all, and wrong clocks. Days pass only at Stripe. */
const shared = shareWorld(
  { FREEHOLD_PAYMENT_READ_MS: '2000', FREEHOLD_AWAIT_PAYMENT_MS: '20000', FREEHOLD_MONEY_SWEEP_MS: '3000' },
  { shiftableClocks: true },
);
const hour = 3_600_000;
const day = 24 * hour;
/**
 * Longer than every timeout that an outage can trigger: 5 s for a call to Temporal or a database server selection, 30 s
 * without a heartbeat, 40 s without renewing the lease of a stack, 60 s until that lease expires. A longer outage would
 * only repeat the same retries.
 */
const outageMs = 65_000;

let world: World;
let faults: ReturnType<typeof createFaults>;
beforeAll(() => {
  world = shared();
  faults = createFaults(world);
});
afterEach(async () => {
  faults.clock('all', 0);
  await faults.stripeWorks();
  await faults.cloudWorks();
});

async function buyPaid(card?: string): Promise<Purchase> {
  const purchase = await buy(world);
  expect(await purchase.pay(card)).toEqual({ status: 'succeeded' });
  return purchase;
}

async function isCancelled(purchase: Purchase): Promise<void> {
  await purchase.cancel();
  expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
  expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
}

/** The licence as reported by the server itself. */
async function licenceOf({ quote }: Purchase): Promise<string> {
  const visitor = createVisitor(`https://${quote.subject.hostname}:${world.platform.ports.edge}`, world.reach);
  return (await visitor.health()).licence.state;
}

describe('clocks that jump in the middle of an order', () => {
  test.each([
    ['an hour ahead', hour],
    ['an hour back', -hour],
  ])(
    'all of ours %s: paid, delivered and licensed once, also when they jump back',
    async (_where, offset) => {
      const purchase = await buy(world);
      await purchase.step('await-payment', 'waiting');
      faults.clock('all', offset);
      expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      await purchase.step('stack-up', 'running');
      faults.clock('all', 0);
      await isDeliveredOnce(world, purchase);
      for (const off of [offset, 0]) {
        faults.clock('all', off);
        expect(await licenceOf(purchase)).toBe('OK');
      }
      // Events refused or delayed while the clocks were wrong have arrived by now and change nothing.
      await faults.stripeHasToldAll();
      await isDeliveredOnce(world, purchase);
    },
    timeoutMs,
  );

  test.each([
    ['ahead', hour],
    ['back', -hour],
  ])(
    'each at another step, an hour %s, while the others are right',
    async (_where, offset) => {
      const purchase = await buy(world);
      const jumps = [
        ['create-subscription', 'api'],
        ['issue-licence', 'control'],
        ['issue-licence', 'licence'],
        ['stack-up', 'provision'],
        ['mark-ready', 'hosts'],
      ] as const;
      expect(new Set(jumps.map(([, clock]) => clock))).toEqual(new Set(clocks));
      const jumping = jumps.map(async ([step, clock]) => {
        await purchase.step(step, 'running');
        faults.clock(clock, offset);
      });
      expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      await Promise.all(jumping);
      await isDeliveredOnce(world, purchase);
      expect(await licenceOf(purchase)).toBe('OK');
      faults.clock('all', 0);
      expect(await licenceOf(purchase)).toBe('OK');
    },
    timeoutMs,
  );
});

describe('events from Stripe', () => {
  test(
    'that comes days after the end of its order moves no money a second time',
    async () => {
      await faults.stripe({ webhooks: { delayMs: 3 * day } });
      const purchase = await buyPaid();
      await purchase.step('await-payment', 'succeeded');
      await isCancelled(purchase);
      const { intents } = await paymentsOf(world, purchase);
      await faults.passTimeAtStripe(3 * day);
      await faults.stripeHasToldAll();
      await until(() => latePaymentWorkflow(world, intents[0]!), {
        what: 'the late news is looked at',
        limitMs: timeoutMs,
      });
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
    },
    timeoutMs,
  );

  test(
    'of a payment that succeeds after the order has expired, while it is voided: the money goes back',
    async () => {
      const purchase = await buy(world);
      await purchase.openCheckout();
      await faults.stripe({ http: { method: 'DELETE', path: '/v1/subscriptions', delayMs: 4_000 } });
      await purchase.step('settle-money', 'running');
      expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      expect(await purchase.end()).toEqual({ state: 'expired', reason: 'payment_expired' });
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
    },
    timeoutMs,
  );

  test.each([
    ['is told twice', { webhooks: { duplicate: true } }],
    ['never comes', { webhooks: { drop: true } }],
  ])(
    'of a refund that fails days later %s: people are called, once',
    async (_how, fault) => {
      const purchase = await buyPaid(cards.refundFails);
      await purchase.step('await-payment', 'succeeded');
      await isCancelled(purchase);
      await faults.stripe(fault);
      await faults.passTimeAtStripe(4 * day);
      const { total } = purchase.quote;
      expect(await world.outside.money(purchase.order.id)).toMatchObject({ taken: total, refunded: 0 });
      const waits = async () => (await latePaymentsWaiting(world, purchase)) === 1;
      await until(waits, { what: 'the failed refund waits for a person', limitMs: timeoutMs });
    },
    timeoutMs,
  );
});

describe('an idempotency key that Stripe has forgotten', () => {
  /** More than a day passes at Stripe while the worker is down. */
  async function aDayWithoutWorker(): Promise<void> {
    await world.platform.process('control').stop();
    await faults.stripeWorks();
    await faults.passTimeAtStripe(25 * hour);
    faults.clock('control', 25 * hour);
    await world.platform.process('control').start();
  }

  async function customersMade(email: string): Promise<number> {
    const { urls, keys } = world.platform;
    const stripe = createStripe({ secretKey: keys['stripe-secret-key'], apiBase: urls.stripe });
    const { data } = await stripe.events.list({ type: 'customer.created', limit: 100 });
    return data.filter((event) => event.type === 'customer.created' && event.data.object.email === email).length;
  }

  test(
    'after it created a customer and lost the answer: found, not created twice',
    async () => {
      await faults.stripe({ http: { method: 'POST', path: '/v1/customers', status: 500, commit: 'after' } });
      await faults.stripe({ http: { method: 'GET', path: '/v1/customers', status: 500, times: 1_000 } });
      const purchase = await buy(world);
      await purchase.step('create-subscription', 'retrying');
      expect(await customersMade(purchase.payer)).toBe(1);
      await aDayWithoutWorker();
      await purchase.pay();
      await purchase.step('await-payment', 'succeeded');
      expect(await customersMade(purchase.payer)).toBe(1);
      expect(await paymentsOf(world, purchase)).toMatchObject({ subscriptions: 1, paymentIntents: 1, paid: 1 });
      await isCancelled(purchase);
    },
    timeoutMs,
  );

  test(
    'after it kept a 500 instead of a refund: the money goes back, once',
    async () => {
      const purchase = await buyPaid();
      await purchase.step('await-payment', 'succeeded');
      await faults.stripe({
        http: { method: 'POST', path: '/v1/credit_notes', status: 500, commit: 'before', times: 1_000 },
      });
      await purchase.cancel();
      await purchase.step('settle-money', 'retrying');
      await aDayWithoutWorker();
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
    },
    timeoutMs,
  );
});

describe('a minute without', () => {
  test(
    'Temporal: what was under way goes on, what was paid meanwhile is delivered',
    async () => {
      await faults.cloud({ createHostMs: 20_000 });
      const building = await buyPaid();
      await building.until('the cloud makes things', (event) => event.type === 'log' && event.step === 'stack-up');
      const waiting = await buy(world);
      await waiting.openCheckout();
      await world.platform.process('temporal').stop();
      expect(await waiting.pay()).toEqual({ status: 'succeeded' });
      await outage();
      await faults.cloudWorks();
      await world.platform.process('temporal').start();
      await isDeliveredOnce(world, building);
      await isDeliveredOnce(world, waiting);
      await until(async () => (await fetch(`${world.platform.urls.api}/health/ready`)).ok, {
        what: 'the API reaches Temporal again',
        limitMs: timeoutMs,
      });
    },
    2 * timeoutMs,
  );

  test(
    'the database, which answers nothing: a stack that was being built is recovered, and there is one server',
    async () => {
      await faults.cloud({ createHostMs: 50_000 });
      const purchase = await buyPaid();
      await purchase.until('the cloud makes things', (event) => event.type === 'log' && event.step === 'stack-up');
      await world.platform.process('mongo').kill('SIGSTOP');
      await outage();
      await faults.cloudWorks();
      await world.platform.process('mongo').kill('SIGCONT');
      await isDeliveredOnce(world, purchase);
    },
    2 * timeoutMs,
  );

  /** Waits for the minute to pass: the time itself is under test. */
  const outage = () => delay(outageMs);
});
