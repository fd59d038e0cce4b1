import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createFaults } from './support/faults.ts';
import { delivered, findings, undone } from './support/findings.ts';
import { freehold } from './support/freehold.ts';
import { buy, type Purchase } from './support/purchase.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

/** Servers whose build fails: automatic recovery, operators' decisions, refunds. */
const shared = shareWorld({
  FREEHOLD_AWAIT_HEALTHY_MS: '10000',
  FREEHOLD_AWAIT_ACTIVATION_MS: '20000',
  FREEHOLD_OPERATOR_WINDOW_MS: '60000',
});

let world: World;
let faults: ReturnType<typeof createFaults>;
beforeAll(() => {
  world = shared();
  faults = createFaults(world);
});
afterEach(() => faults.cloudWorks());

async function buyPaid(fault?: Record<string, unknown>): Promise<Purchase> {
  if (fault) await faults.cloud(fault);
  const purchase = await buy(world);
  expect(await purchase.pay()).toEqual({ status: 'succeeded' });
  return purchase;
}

async function isGivenBack(purchase: Purchase): Promise<void> {
  expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
}

/** What the command prints beside its result. */
const accepted = expect.stringMatching(/^(Retry|Skip|Abort) accepted/);
const decide = (purchase: Purchase, action: 'retry' | 'skip' | 'abort') =>
  freehold(world, 'operations', action, purchase.order.operationId, '--why', `test of ${action}`, '--no-follow');

describe('a cancel by the customer', () => {
  test(
    'while the server starts',
    async () => {
      const purchase = await buyPaid({ createHost: 'never-healthy' });
      await purchase.step('await-healthy', 'running');
      await purchase.cancel();
      await purchase.cancel();
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      await isGivenBack(purchase);
    },
    timeoutMs,
  );

  test(
    'while an operator is asked',
    async () => {
      const purchase = await buyPaid({ createHost: 'quota' });
      await purchase.step('stack-up', 'needs_operator');
      await purchase.cancel();
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      await isGivenBack(purchase);
      expect(await decide(purchase, 'retry')).toMatchObject({ code: 5 });
    },
    timeoutMs,
  );

  test(
    'is refused once the server is ready, and changes nothing',
    async () => {
      const purchase = await buyPaid();
      expect(await purchase.end()).toMatchObject({ state: 'fulfilled' });
      await expect(purchase.cancel()).rejects.toMatchObject({ problem: { code: 'already_ready', status: 409 } });
      expect(await findings(world, purchase)).toEqual(delivered(purchase));
    },
    timeoutMs,
  );

  test(
    'while the cloud refuses to delete: the money does not wait, and nothing stays in the end',
    async () => {
      const purchase = await buyPaid({ createHost: 'never-healthy' });
      await purchase.step('await-healthy', 'running');
      await faults.cloud({ deleteHost: 'fail', times: 4 });
      await purchase.cancel();
      await purchase.step('destroy-stack', 'retrying');
      await purchase.step('settle-money', 'succeeded');
      expect(await world.outside.money(purchase.order.id)).toMatchObject({ refunded: purchase.quote.total });
      expect(await purchase.end()).toMatchObject({ state: 'cancelled' });
      await isGivenBack(purchase);
    },
    timeoutMs,
  );
});

describe('a cloud in trouble', () => {
  test.each([
    ['does not answer for a while', { createHost: 'fail', times: 3 }],
    ['makes the host and loses its answer', { createHost: 'lose-reply' }],
    ['makes the address and loses its answer', { createAddress: 'lose-reply' }],
  ])(
    '%s: the server comes all the same, once',
    async (_how, fault) => {
      const purchase = await buyPaid(fault);
      expect(await purchase.end()).toEqual({ state: 'fulfilled', reason: undefined });
      expect(await findings(world, purchase)).toEqual(delivered(purchase));
    },
    timeoutMs,
  );
});

describe('an operator', () => {
  test(
    'retries a step as often as it takes',
    async () => {
      const purchase = await buyPaid({ createVolume: 'quota', times: 2 });
      for (const attempt of [1, 2]) {
        expect(await purchase.step('stack-up', 'needs_operator', attempt)).toMatchObject({ reason: 'cloud_quota' });
        expect(await decide(purchase, 'retry')).toMatchObject({ code: 0, complaint: accepted });
      }
      expect(await purchase.end()).toMatchObject({ state: 'fulfilled' });
      expect(await findings(world, purchase)).toEqual(delivered(purchase));
    },
    timeoutMs,
  );

  test(
    'aborts: everything is given back and the customer is told',
    async () => {
      const purchase = await buyPaid({ createHost: 'quota' });
      await purchase.step('stack-up', 'needs_operator');
      expect(await decide(purchase, 'abort')).toMatchObject({ code: 0, complaint: accepted });
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_operator' });
      await isGivenBack(purchase);
      const { out } = await freehold(world, 'operations', 'show', purchase.order.operationId);
      expect(out).toContain('test of abort');
    },
    timeoutMs,
  );

  test(
    'skips the skippable steps and delivers a server when an operator says so',
    async () => {
      const purchase = await buyPaid({ createHost: 'never-healthy' });
      for (const step of ['await-healthy', 'await-activation'] as const) {
        await purchase.step(step, 'needs_operator');
        expect(await decide(purchase, 'skip')).toMatchObject({ code: 0, complaint: accepted });
        await purchase.step(step, 'skipped');
      }
      expect(await purchase.end()).toMatchObject({ state: 'fulfilled' });
      expect(await findings(world, purchase)).toEqual({ ...delivered(purchase), activations: 0 });
    },
    timeoutMs,
  );
});
