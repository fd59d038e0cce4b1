import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiProblem } from '../../src/embedded/demo/customer.ts';
import { createFaults } from './support/faults.ts';
import { delivered, findings, undone } from './support/findings.ts';
import { freehold } from './support/freehold.ts';
import { paymentsOf } from './support/payments.ts';
import { buy, cards, cart, followPurchase, orderOf, type Purchase, someName } from './support/purchase.ts';
import { workflowsOf } from './support/workflows.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

/**
 * Orders that meet failures. Reads of Stripe are hours apart here, so every payment is known by webhook only. Two
 * orders run in the background from the start: one whose customer never answers the bank, one whose host does not
 * respond.
 */
const shared = shareWorld({
  FREEHOLD_PAYMENT_READ_MS: '7200000',
  FREEHOLD_AWAIT_PAYMENT_MS: '30000',
  FREEHOLD_AWAIT_HEALTHY_MS: '12000',
  FREEHOLD_OPERATOR_WINDOW_MS: '15000',
});

let world: World;
let faults: ReturnType<typeof createFaults>;
let abandoned: Purchase;
let deaf: Purchase;
/** The one that is delivered in the end. */
let bought: Purchase;

beforeAll(async () => {
  world = shared();
  faults = createFaults(world);
  abandoned = await buy(world);
  expect(await abandoned.pay(cards.asksBank)).toEqual({ status: 'requires_action' });
  await faults.cloud({ createHost: 'never-healthy' });
  deaf = await buy(world);
  await deaf.pay();
}, timeoutMs);

const codeOf = (outcome: PromiseSettledResult<unknown>) =>
  outcome.status === 'fulfilled' ? 'accepted' : (outcome.reason as ApiProblem).problem.code;

describe('one thing is sold once', () => {
  test('of two carts that want one name at once, one gets it', async () => {
    const name = someName();
    const quotes = await Promise.allSettled([1, 2].map(() => world.customer.quote(cart({ name }))));
    expect(quotes.map(codeOf).sort()).toEqual(['accepted', 'hostname_held']);
  });

  test('of two orders of one cart for one name at once, one is placed', async () => {
    const first = await world.customer.quote(cart());
    const name = first.subject.hostname.split('.')[0]!;
    const second = await world.customer.quote(cart({ name, holdToken: first.holdToken }));
    const orders = await Promise.allSettled(
      [first, second].map((quote) => world.customer.order(orderOf(quote), randomBytes(8).toString('hex'))),
    );
    expect(orders.map(codeOf).sort()).toEqual(['accepted', 'hostname_ordered']);
  });

  test(
    'ten posts with one Idempotency-Key are one order, cancelled before its payment without a trace',
    async () => {
      const quote = await world.customer.quote(cart());
      const key = randomBytes(8).toString('hex');
      const answers = await Promise.all(Array.from({ length: 10 }, () => world.customer.order(orderOf(quote), key)));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      const other = { ...orderOf(quote), adminEmail: 'another@example.com' };
      await expect(world.customer.order(other, key)).rejects.toMatchObject({
        problem: { code: 'idempotency_key_reused' },
      });

      const purchase = followPurchase(world, quote, answers[0]!);
      await purchase.step('await-payment', 'waiting');
      const stripe = await paymentsOf(world, purchase);
      expect(stripe).toMatchObject({ subscriptions: 1, paymentIntents: 1 });
      expect(await workflowsOf(world, purchase)).toEqual(['instance', 'provision']);
      await purchase.cancel();
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      expect(await findings(world, purchase)).toEqual(undone({ taken: 0 }));
      await expect(purchase.cancel()).rejects.toMatchObject({ problem: { code: 'already_ended' } });
    },
    timeoutMs,
  );
});

describe('an order through a bad day', () => {
  let purchase: Purchase;

  test(
    'survives a declined card and a bank that asks',
    async () => {
      purchase = await buy(world);
      bought = purchase;
      await faults.stripe({ webhooks: { duplicate: true, reorder: true } });
      expect(await purchase.pay(cards.declined)).toEqual({ declined: 'card_declined' });
      await purchase.until(
        'the decline is told',
        (event) => event.type === 'step' && event.step === 'await-payment' && event.reason === 'declined_try_again',
      );
      expect(await world.customer.details(purchase.order)).toMatchObject({ state: 'awaiting_payment', declines: 1 });
      expect(await purchase.pay(cards.asksBank)).toEqual({ status: 'requires_action' });
      await world.platform.process('licence').stop();
      expect(await purchase.answerBank('approve')).toBe(200);
      await purchase.step('await-payment', 'succeeded');
    },
    timeoutMs,
  );

  test(
    'waits for a licence server that is away',
    async () => {
      expect(await purchase.step('issue-licence', 'retrying')).toMatchObject({ reason: 'licence_server_unavailable' });
      // The unresponsive host has its machine by now, so the next fault applies to this order.
      await deaf.step('stack-up', 'succeeded');
      await faults.cloud({ createHost: 'quota' });
      await world.platform.process('licence').start();
      await purchase.step('issue-licence', 'succeeded');
    },
    timeoutMs,
  );

  test(
    'asks an operator when the cloud refuses, and continues after the retry',
    async () => {
      expect(await purchase.step('stack-up', 'needs_operator')).toMatchObject({ attempt: 1, reason: 'cloud_quota' });
      const { operationId } = purchase.order;
      const waiting = await freehold(world, 'operations', 'list', '--waiting');
      expect(waiting.out).toMatch(new RegExp(`${operationId}.*stack-up`));
      const skip = await freehold(world, 'operations', 'skip', operationId, '--why', 'impatience');
      expect(skip).toMatchObject({ code: 5, complaint: expect.stringContaining('step_not_skippable') });
      const why = ['--why', 'the quota was raised', '--no-follow'];
      const retry = await freehold(world, 'operations', 'retry', operationId, ...why);
      expect(retry).toMatchObject({ code: 0, complaint: 'Retry accepted: stack-up runs again, as try 2.\n' });
    },
    timeoutMs,
  );

  test(
    'survives kill -9 of its worker and a mail relay that refuses for a while',
    async () => {
      await purchase.step('stack-up', 'running', 2);
      await world.platform.process('control').kill('SIGKILL');
      // Orders that expire meanwhile have mails of their own.
      await faults.mail(451, 1_000);
      await world.platform.process('control').ready();
      expect(await purchase.step('send-mail', 'retrying')).toMatchObject({ reason: 'mail_unavailable' });
      await faults.mail(451, 0);
      expect(await purchase.end()).toEqual({ state: 'fulfilled', reason: undefined });
    },
    timeoutMs,
  );

  test('and everything of it is there exactly once', async () => {
    await faults.stripeWorks();
    expect(await findings(world, purchase)).toEqual(delivered(purchase));
    expect(await paymentsOf(world, purchase)).toMatchObject({ subscriptions: 1, paymentIntents: 1, paid: 1 });
    expect(purchase.events.map(({ sequence }) => sequence)).toEqual(purchase.events.map((_event, index) => index + 1));
    expect(JSON.stringify(purchase.events)).not.toContain('[cloud:');
    const { out } = await freehold(world, 'operations', 'show', purchase.order.operationId);
    expect(out).toContain('the quota was raised');
  });
});

describe('what cannot be delivered is given back whole', () => {
  test(
    'a cancel while the server is built',
    async () => {
      await faults.cloud({ createHostMs: 3_000, times: 1 });
      const purchase = await buy(world);
      await purchase.pay();
      await purchase.until('the cloud makes things', (event) => event.type === 'log' && event.step === 'stack-up');
      await purchase.cancel();
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      await faults.cloudWorks();
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
      expect(await buyAgain(purchase)).toBe('accepted');
    },
    timeoutMs,
  );

  test(
    'L71: a server that never answers: an operator is asked, and when nobody comes the money goes back',
    async () => {
      expect(await deaf.step('await-healthy', 'needs_operator')).toMatchObject({ reason: 'host_unhealthy' });
      expect(await deaf.end()).toEqual({ state: 'failed_refunded', reason: 'not_delivered' });
      expect(await findings(world, deaf)).toEqual(undone({ taken: deaf.quote.total }));
      expect(await buyAgain(deaf)).toBe('accepted');
    },
    timeoutMs,
  );

  test(
    'a customer who never answers the bank: the order expires and the name is free',
    async () => {
      expect(await abandoned.end()).toEqual({ state: 'expired', reason: 'payment_expired' });
      expect(await findings(world, abandoned)).toEqual(undone({ taken: 0 }));
      expect(await abandoned.answerBank('approve')).toBe(400);
      expect(await findings(world, abandoned)).toMatchObject({ money: { taken: 0, live: 0, open: 0 } });
      expect(await buyAgain(abandoned)).toBe('accepted');
    },
    timeoutMs,
  );

  /** Whether the name of an order that ended can be quoted again. */
  async function buyAgain({ name }: Purchase): Promise<string> {
    const [outcome] = await Promise.allSettled([world.customer.quote(cart({ name }))]);
    return codeOf(outcome);
  }
});

test('in the end the cloud and Pulumi hold the one server that was delivered, and nothing else', async () => {
  const { outside } = world;
  expect(await outside.hostnames()).toEqual([bought.quote.subject.hostname]);
  expect(await outside.stacks()).toEqual([`inst-${bought.order.instanceId}`]);
});
