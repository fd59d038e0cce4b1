import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Stripe from 'stripe';
import { until } from '../support/until.ts';
import { createFaults } from './support/faults.ts';
import { findings, undone } from './support/findings.ts';
import { paymentsOf } from './support/payments.ts';
import { buy, cards, type Purchase } from './support/purchase.ts';
import { latePaymentWorkflow } from './support/workflows.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

/** Unusual payments. Each paid order is cancelled as soon as the payment is known and must be refunded in full. */
const shared = shareWorld({ FREEHOLD_PAYMENT_READ_MS: '1000', FREEHOLD_DECLINES: '3' });

let world: World;
let faults: ReturnType<typeof createFaults>;
beforeAll(() => {
  world = shared();
  faults = createFaults(world);
});
beforeEach(() => faults.stripeWorks());

async function cancelled(purchase: Purchase, taken: number): Promise<void> {
  expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
  expect(await findings(world, purchase)).toEqual(undone({ taken }));
}

async function paidOnceThenCancelled(purchase: Purchase): Promise<void> {
  await purchase.step('await-payment', 'succeeded');
  expect(await paymentsOf(world, purchase)).toMatchObject({ subscriptions: 1, paymentIntents: 1, paid: 1 });
  await purchase.cancel();
  await cancelled(purchase, purchase.quote.total);
}

describe('cards', () => {
  test(
    'a bank that refuses is no end: another card pays',
    async () => {
      const purchase = await buy(world);
      expect(await purchase.pay(cards.asksBank)).toEqual({ status: 'requires_action' });
      expect(await purchase.answerBank('refuse')).toBe(200);
      expect((await world.customer.details(purchase.order)).state).toBe('awaiting_payment');
      expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      await paidOnceThenCancelled(purchase);
    },
    timeoutMs,
  );

  test(
    'declined too often: the order ends, nothing was charged, the name is free',
    async () => {
      const purchase = await buy(world);
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        expect(await purchase.pay(cards.declined)).toEqual({ declined: 'card_declined' });
      }
      expect(await purchase.end()).toEqual({ state: 'declined', reason: 'too_many_declines' });
      expect(await findings(world, purchase)).toEqual(undone({ taken: 0 }));
    },
    timeoutMs,
  );
});

describe('news of a payment', () => {
  test.each([
    ['never comes', { drop: true }],
    ['comes twice and out of order', { duplicate: true, reorder: true }],
    ['comes long after the look-up has seen it', { delayMs: 5_000 }],
  ])(
    'that %s: one payment, one order',
    async (_how, webhooks) => {
      await faults.stripe({ webhooks });
      const purchase = await buy(world);
      await purchase.pay();
      await paidOnceThenCancelled(purchase);
    },
    timeoutMs,
  );

  test(
    'that comes in the moment of the cancel: the money goes back',
    async () => {
      const purchase = await buy(world);
      await purchase.openCheckout();
      await faults.stripe({ http: { method: 'DELETE', path: '/v1/subscriptions', delayMs: 4_000 } });
      await purchase.cancel();
      await purchase.step('settle-money', 'running');
      expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      await cancelled(purchase, purchase.quote.total);
    },
    timeoutMs,
  );

  test(
    'of an order that has ended is looked after once, however often it comes, and moves no money twice',
    async () => {
      const purchase = await buy(world);
      await purchase.pay();
      await purchase.step('await-payment', 'succeeded');
      await purchase.cancel();
      await cancelled(purchase, purchase.quote.total);

      const { intents } = await paymentsOf(world, purchase);
      const latePayment = { id: intents[0]!, orderId: purchase.order.id };
      expect(
        await Promise.all(['evt_late_1', 'evt_late_1', 'evt_late_2'].map((id) => postEvent(id, latePayment))),
      ).toEqual([200, 200, 200]);
      await until(() => latePaymentWorkflow(world, latePayment.id), {
        what: 'the late payment is settled',
        limitMs: timeoutMs,
      });
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
      expect(await postEvent('evt_late_3', latePayment, 'whsec_somebody_else')).toBe(400);
    },
    timeoutMs,
  );
});

describe('Stripe in trouble', () => {
  test.each([
    ['before the subscription is made', { method: 'POST', path: '/v1/subscriptions', status: 500, commit: 'before' }],
    ['after the subscription is made', { method: 'POST', path: '/v1/subscriptions', status: 500, commit: 'after' }],
    ['with too many requests', { method: 'POST', path: '/v1/customers', status: 429, times: 3 }],
  ])(
    'fails %s: one subscription all the same',
    async (_when, http) => {
      await faults.stripe({ http });
      const purchase = await buy(world);
      await purchase.pay();
      await paidOnceThenCancelled(purchase);
    },
    timeoutMs,
  );

  test(
    'is away while money goes back: it goes back once',
    async () => {
      const purchase = await buy(world);
      await purchase.pay();
      await purchase.step('await-payment', 'succeeded');
      await faults.stripe({ http: { method: 'POST', path: '/v1/credit_notes', status: 500, commit: 'after' } });
      await purchase.cancel();
      await purchase.step('settle-money', 'running');
      await world.platform.process('stripe').kill('SIGKILL');
      await cancelled(purchase, purchase.quote.total);
    },
    timeoutMs,
  );
});

/** Delivers the event `payment_intent.succeeded`, signed like Stripe's. */
async function postEvent(id: string, latePayment: { id: string; orderId: string }, secret?: string): Promise<number> {
  const { urls, keys } = world.platform;
  const object = { id: latePayment.id, object: 'payment_intent', status: 'succeeded' };
  const payload = JSON.stringify({
    ...{ id, object: 'event', type: 'payment_intent.succeeded', created: Math.floor(Date.now() / 1_000) },
    ...{ api_version: null, livemode: false, pending_webhooks: 1, request: null, data: { object } },
  });
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: secret ?? keys['stripe-webhook-secret'],
  });
  const answer = await fetch(`${urls.api}/v1/stripe/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
    body: payload,
  });
  return answer.status;
}
