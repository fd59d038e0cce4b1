import { beforeAll, describe, expect, test } from '@jest/globals';
import type { StepName } from '../../src/contracts/steps.ts';
import { until } from '../support/until.ts';
import { createFaults } from './support/faults.ts';
import { findings, undone } from './support/findings.ts';
import { freehold } from './support/freehold.ts';
import { isDeliveredOnce } from './support/is-delivered-once.ts';
import { buy } from './support/purchase.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

/** Parts of the platform that are down for a while or die during an order. */
const shared = shareWorld({ FREEHOLD_PAYMENT_READ_MS: '2000' });

let world: World;
let faults: ReturnType<typeof createFaults>;
beforeAll(() => {
  world = shared();
  faults = createFaults(world);
});

/** Kills a running process; the supervisor restarts it. */
async function kill(name: string): Promise<void> {
  const victim = world.platform.process(name);
  expect(victim.pid).toBeDefined();
  await victim.kill('SIGKILL');
}

describe('kill -9 in the middle of an order: one host, one charge, one mail to each', () => {
  test.each<[process: string, step: StepName]>([
    ['provision', 'stack-up'],
    ['control', 'create-subscription'],
    ['control', 'stack-up'],
    ['control', 'await-healthy'],
    ['control', 'send-mail'],
    ['api', 'issue-licence'],
    ['api', 'stack-up'],
    ['stripe', 'await-payment'],
    ['licence', 'stack-up'],
    ['cloud', 'stack-up'],
    ['edge', 'await-healthy'],
    ['mailbox', 'send-mail'],
    ['mongo', 'stack-up'],
    ['temporal', 'stack-up'],
  ])(
    '%s at %s',
    async (name, step) => {
      const purchase = await buy(world);
      const dies = purchase.step(step, 'running').then(() => kill(name));
      // While Stripe is down the API says so; the payer retries when it is back.
      if (step === 'await-payment' || step === 'create-subscription') await dies;
      await world.platform.process('stripe').ready();
      await purchase.openCheckout();
      await purchase.pay();
      await dies;
      await world.platform.process(name).ready();
      await isDeliveredOnce(world, purchase);
    },
    timeoutMs,
  );

  test(
    'both workers, again and again',
    async () => {
      const purchase = await buy(world);
      await purchase.pay();
      for (const step of ['issue-licence', 'stack-up', 'await-healthy'] as const) {
        await purchase.step(step, 'running');
        await Promise.all(['control', 'provision'].map(kill));
        await Promise.all(['control', 'provision'].map((name) => world.platform.process(name).ready()));
      }
      await isDeliveredOnce(world, purchase);
    },
    2 * timeoutMs,
  );

  test(
    'both workers during the undo',
    async () => {
      const purchase = await buy(world);
      await purchase.pay();
      await purchase.until('the cloud makes things', (event) => event.type === 'log' && event.step === 'stack-up');
      await purchase.cancel();
      await purchase.step('destroy-stack', 'running');
      await Promise.all(['control', 'provision'].map(kill));
      expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
    },
    timeoutMs,
  );
});

describe('e-mail', () => {
  test(
    'a relay that is away for a while gets each mail once',
    async () => {
      await world.platform.process('mailbox').stop();
      const purchase = await buy(world);
      await purchase.pay();
      expect(await purchase.step('send-mail', 'retrying')).toMatchObject({ reason: 'mail_unavailable' });
      await world.platform.process('mailbox').start();
      await isDeliveredOnce(world, purchase);
    },
    timeoutMs,
  );

  test(
    'an address that is refused waits for an operator, while the server is ready',
    async () => {
      const purchase = await buy(world);
      // The link of the order is refused first, then the mail to its payer.
      await faults.mail(550, 2, purchase.payer);
      await purchase.pay();
      expect(await purchase.step('send-mail', 'needs_operator')).toMatchObject({ reason: 'mail_refused' });
      expect((await world.customer.details(purchase.order)).state).toBe('fulfilled');
      await expect(purchase.cancel()).rejects.toMatchObject({ problem: { code: 'already_ready' } });
      // The other address has its mail already; the retry sends it no second one.
      expect(await world.outside.mails(purchase.order.id)).toHaveLength(1);
      const decide = (action: string) =>
        freehold(world, 'operations', action, purchase.order.operationId, '--why', 'the relay is mended');
      const abort = await decide('abort');
      expect(abort.code).not.toBe(0);
      expect(await decide('retry')).toMatchObject({ code: 0, complaint: expect.stringContaining('Retry accepted') });
      await isDeliveredOnce(world, purchase);
    },
    timeoutMs,
  );

  test(
    'a wrong address is corrected by an operator, and gets each mail once',
    async () => {
      const purchase = await buy(world);
      const right = `right-${purchase.payer}`;
      await faults.mail(550, 1_000, purchase.payer);
      try {
        await purchase.pay();
        expect(await purchase.step('send-mail', 'needs_operator')).toMatchObject({ reason: 'mail_refused' });
        const shown = await freehold(world, 'operations', 'show', purchase.order.operationId);
        expect(shown.out).toContain('freehold orders correct-address');
        const args = ['--from', purchase.payer, '--to', right, '--why', 'a typing error'];
        const correction = () => freehold(world, 'orders', 'correct-address', purchase.order.id, ...args);
        expect(await correction()).toMatchObject({ code: 0, out: expect.stringContaining(right) });
        expect(await correction()).toMatchObject({ code: 0 });
      } finally {
        await faults.mail(550, 0);
      }
      expect(await purchase.end()).toMatchObject({ state: 'fulfilled' });
      const toRight = async () =>
        (await world.outside.mails(purchase.order.id)).filter(({ to }) => to.includes(right)).length;
      await until(async () => (await toRight()) === 1, {
        what: 'the mail is at the right address',
        limitMs: timeoutMs,
      });
      const { out } = await freehold(world, 'orders', 'show', purchase.order.id);
      expect(out).toMatch(/correct-address: a typing error/);
      expect(out.match(/correct-address/g)).toHaveLength(1);
    },
    timeoutMs,
  );

  test(
    'an apology that nobody takes holds nothing up',
    async () => {
      const purchase = await buy(world);
      await faults.mail(550, 1_000);
      try {
        await purchase.pay();
        await purchase.step('stack-up', 'running');
        await purchase.cancel();
        await purchase.until('the order has ended', (event) => event.type === 'order' && event.state === 'cancelled');
        await purchase.step('release-hostname', 'succeeded');
        const found = await until(
          async () => {
            const all = await findings(world, purchase);
            return all.nameIsFree ? all : undefined;
          },
          { what: 'the name is free', limitMs: timeoutMs },
        );
        expect(found).toEqual({ ...undone({ taken: purchase.quote.total }), mailsToPayer: 0 });
      } finally {
        await faults.mail(550, 0);
      }
      expect(await purchase.end()).toMatchObject({ state: 'cancelled' });
    },
    timeoutMs,
  );
});

describe('the licence server', () => {
  test(
    'is away while everything is undone: the money does not wait, and the licence is revoked later',
    async () => {
      const purchase = await buy(world);
      await purchase.pay();
      await purchase.step('stack-up', 'running');
      await world.platform.process('licence').stop();
      await purchase.cancel();
      await purchase.step('settle-money', 'succeeded');
      await purchase.step('revoke-licence', 'retrying');
      expect(await world.outside.money(purchase.order.id)).toMatchObject({ refunded: purchase.quote.total });
      await world.platform.process('licence').start();
      expect(await purchase.end()).toMatchObject({ state: 'cancelled' });
      expect(await findings(world, purchase)).toEqual(undone({ taken: purchase.quote.total }));
    },
    timeoutMs,
  );
});
