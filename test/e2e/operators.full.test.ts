import { beforeAll, describe, expect, test } from '@jest/globals';
import type { StepName } from '../../src/contracts/steps.ts';
import { planLookupKey } from '../../src/domain/catalogue/catalogue.ts';
import { createCloudClient } from '../../src/stacks/local/cloud-client.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { until } from '../support/until.ts';
import { createFaults } from './support/faults.ts';
import { delivered, findings, undone } from './support/findings.ts';
import { freehold } from './support/freehold.ts';
import { type Channel, entryOf, operatorsOf } from './support/operators.ts';
import { paymentsOf } from './support/payments.ts';
import { buy, type Purchase } from './support/purchase.ts';
import { workflowsOf } from './support/workflows.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

const { reasons: reasonTexts } = textsOf('en');

/** Stops and starts the server of an order, as at a cloud's console. */
async function reboot({ platform }: World, { order }: Purchase): Promise<void> {
  const cloud = createCloudClient({ url: platform.urls.cloud, token: platform.keys['cloud-token'] });
  try {
    const [host] = await cloud.list('hosts', { tag: ['freehold:instance', order.instanceId] });
    await cloud.stopHost(host!.id);
    await cloud.startHost(host!.id);
  } finally {
    cloud.close();
  }
}

const grow = planLookupKey('GROW', 'local', 'monthly');

/** Deactivates or reactivates the plan's price at Stripe. */
async function setPriceActive({ platform }: World, lookupKey: string, active: boolean): Promise<void> {
  const headers = { authorization: `Bearer ${platform.keys['stripe-secret-key']}` };
  const prices = `${platform.urls.stripe}/v1/prices`;
  const found = await fetch(`${prices}?lookup_keys[]=${lookupKey}`, { headers });
  const { data } = (await found.json()) as { data: { id: string }[] };
  const body = new URLSearchParams({ active: String(active) });
  const answer = await fetch(`${prices}/${data[0]!.id}`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
}

async function buyPaid(world: World): Promise<Purchase> {
  const purchase = await buy(world);
  expect(await purchase.pay()).toEqual({ status: 'succeeded' });
  return purchase;
}

/**
 * One order fails for good at each of its steps and is retried each time. At each step another order fails too and is
 * aborted, and a third one is skipped past the skippable steps.
 */
describe('every step that an operator can be asked about', () => {
  const shared = shareWorld({
    FREEHOLD_HOLD_HOSTNAME_MS: '8000',
    FREEHOLD_ISSUE_LICENCE_MS: '10000',
    FREEHOLD_AWAIT_HEALTHY_MS: '15000',
    FREEHOLD_AWAIT_ACTIVATION_MS: '15000',
  });
  let world: World;
  let operators: ReturnType<typeof operatorsOf>;
  let faults: ReturnType<typeof createFaults>;
  let unlucky: Purchase;
  let skipped: Purchase;
  let aborted: Purchase;
  /** Every aborted order and what it had paid. */
  const givenUp: { purchase: Purchase; step: StepName; channel: Channel; taken: number }[] = [];

  beforeAll(() => {
    world = shared();
    operators = operatorsOf(world);
    faults = createFaults(world);
  });

  async function abort(channel: Channel, step: StepName): Promise<void> {
    expect(await operators.decide(channel, 'abort', aborted, step)).toBe('accepted');
    const paid = aborted.events.some((event) => event.type === 'step' && event.step === 'issue-licence');
    givenUp.push({ purchase: aborted, step, channel, taken: paid ? aborted.quote.total : 0 });
  }
  const retry = async (channel: Channel, step: StepName) =>
    expect(await operators.decide(channel, 'retry', unlucky, step)).toBe('accepted');
  const skipIsRefused = async (step: StepName) => {
    for (const channel of ['temporal-ui', 'command'] as const) {
      expect(await operators.decide(channel, 'skip', unlucky, step)).toBe('step_not_skippable');
    }
  };

  test(
    'hold-hostname: the database is frozen past the deadline',
    async () => {
      const control = world.platform.process('control');
      const mongo = world.platform.process('mongo');
      await control.kill('SIGSTOP');
      try {
        [unlucky, aborted] = (await Promise.all([buy(world), buy(world)])) as [Purchase, Purchase];
        for (const purchase of [unlucky, aborted]) {
          await until(async () => (await workflowsOf(world, purchase)).length > 0, { what: 'its workflow is started' });
        }
        await mongo.kill('SIGSTOP');
      } finally {
        await control.kill('SIGCONT');
      }
      try {
        for (const purchase of [unlucky, aborted]) await isPastHold(purchase);
      } finally {
        await mongo.kill('SIGCONT');
      }
      for (const purchase of [unlucky, aborted]) {
        await operators.areAskedAbout(purchase, 'hold-hostname', 'records_unreachable');
      }
      await skipIsRefused('hold-hostname');
      await abort('temporal-ui', 'hold-hostname');
    },
    timeoutMs,
  );

  async function isPastHold(purchase: Purchase): Promise<void> {
    const asks = async () => (await operators.ui.operation(purchase)).details.includes('needs an operator');
    await until(async () => asks().catch(() => false), { what: 'the deadline has passed', limitMs: timeoutMs });
  }

  test(
    'create-subscription: Stripe refuses, because the price is out of use',
    async () => {
      await setPriceActive(world, grow, false);
      await retry('command', 'hold-hostname');
      aborted = await buy(world);
      for (const purchase of [unlucky, aborted]) {
        await operators.areAskedAbout(purchase, 'create-subscription', 'payment_request_refused');
      }
      await skipIsRefused('create-subscription');
      await abort('command', 'create-subscription');
      await setPriceActive(world, grow, true);
      await retry('temporal-ui', 'create-subscription');
    },
    timeoutMs,
  );

  test(
    'issue-licence: the licence server is away past the deadline',
    async () => {
      aborted = await buy(world);
      const licence = world.platform.process('licence');
      await licence.stop();
      for (const purchase of [unlucky, aborted]) expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      for (const purchase of [unlucky, aborted]) {
        await operators.areAskedAbout(purchase, 'issue-licence', 'licence_server_unavailable');
      }
      await skipIsRefused('issue-licence');
      await licence.start();
      await abort('temporal-ui', 'issue-licence');
    },
    timeoutMs,
  );

  test(
    'stack-up: the quota of the cloud is used up',
    async () => {
      await faults.cloud({ createVolume: 'quota', times: 2 });
      await retry('command', 'issue-licence');
      aborted = await buyPaid(world);
      for (const purchase of [unlucky, aborted]) await operators.areAskedAbout(purchase, 'stack-up', 'cloud_quota');
      await skipIsRefused('stack-up');
      await abort('command', 'stack-up');
    },
    timeoutMs,
  );

  let another: Purchase;

  test(
    'await-healthy: the servers hang',
    async () => {
      await faults.cloud({ createHost: 'never-healthy', times: 4 });
      await retry('temporal-ui', 'stack-up');
      [aborted, another, skipped] = (await Promise.all([1, 2, 3].map(() => buyPaid(world)))) as [
        Purchase,
        Purchase,
        Purchase,
      ];
      for (const purchase of [unlucky, aborted, another, skipped]) {
        await operators.areAskedAbout(purchase, 'await-healthy', 'host_unhealthy');
      }
      await abort('temporal-ui', 'await-healthy');
      await aborted.end();
    },
    timeoutMs,
  );

  test(
    'await-activation: the servers do not reach the licence server',
    async () => {
      const licence = world.platform.process('licence');
      await licence.stop();
      aborted = another;
      for (const purchase of [unlucky, aborted]) {
        await reboot(world, purchase);
        expect(await operators.decide('command', 'retry', purchase, 'await-healthy')).toBe('accepted');
        await purchase.step('await-healthy', 'succeeded', 2);
      }
      expect(await operators.decide('command', 'skip', skipped, 'await-healthy')).toBe('accepted');
      await skipped.step('await-healthy', 'skipped');
      for (const purchase of [unlucky, aborted, skipped]) {
        await operators.areAskedAbout(purchase, 'await-activation', 'activation_missing');
      }
      await licence.start();
      await abort('command', 'await-activation');
      await Promise.all(givenUp.map(({ purchase }) => purchase.end()));
    },
    timeoutMs,
  );

  test(
    'send-mail: the relay refuses the address, and nothing is undone any more',
    async () => {
      await faults.mail(550, 4);
      await reboot(world, unlucky);
      await retry('temporal-ui', 'await-activation');
      expect(await operators.decide('temporal-ui', 'skip', skipped, 'await-activation')).toBe('accepted');
      for (const purchase of [unlucky, skipped]) await operators.areAskedAbout(purchase, 'send-mail', 'mail_refused');
      await faults.mail(550, 0);
      for (const channel of ['temporal-ui', 'command'] as const) {
        expect(await operators.decide(channel, 'abort', unlucky, 'send-mail')).toBe('already_ready');
      }
      await retry('command', 'send-mail');
      expect(await operators.decide('temporal-ui', 'skip', skipped, 'send-mail')).toBe('accepted');
    },
    timeoutMs,
  );

  test(
    'the order that was retried everywhere is delivered exactly once',
    async () => {
      expect(await unlucky.end()).toEqual({ state: 'fulfilled', reason: undefined });
      expect(await findings(world, unlucky)).toEqual(delivered(unlucky));
      expect(await paymentsOf(world, unlucky)).toMatchObject({ subscriptions: 1, paymentIntents: 1, paid: 1 });
      expect(await workflowsOf(world, unlucky)).toEqual(['instance', 'provision']);
      expect(unlucky.events.map(({ sequence }) => sequence)).toEqual(unlucky.events.map((_event, index) => index + 1));
      expect(await operators.audit(unlucky)).toEqual([
        entryOf('command', 'retry', 'hold-hostname'),
        entryOf('temporal-ui', 'retry', 'create-subscription'),
        entryOf('command', 'retry', 'issue-licence'),
        entryOf('temporal-ui', 'retry', 'stack-up'),
        entryOf('command', 'retry', 'await-healthy'),
        entryOf('temporal-ui', 'retry', 'await-activation'),
        entryOf('command', 'retry', 'send-mail'),
      ]);
    },
    timeoutMs,
  );

  test(
    'the one that was skipped is delivered on the word of operators, without the mails of the skipped step',
    async () => {
      expect(await skipped.end()).toEqual({ state: 'fulfilled', reason: undefined });
      expect(await findings(world, skipped)).toMatchObject({
        money: delivered(skipped).money,
        stack: true,
        licences: 1,
      });
      expect(await world.outside.mails(skipped.order.id)).toMatchObject([
        { messageId: expect.stringContaining(`${skipped.order.id}-link@`) },
      ]);
      expect(await operators.audit(skipped)).toEqual([
        entryOf('command', 'skip', 'await-healthy'),
        entryOf('temporal-ui', 'skip', 'await-activation'),
        entryOf('temporal-ui', 'skip', 'send-mail'),
      ]);
    },
    timeoutMs,
  );

  test(
    'those that were aborted got everything back, and nothing of them is left',
    async () => {
      expect(givenUp.map(({ step }) => step)).toEqual([
        ...['hold-hostname', 'create-subscription', 'issue-licence', 'stack-up', 'await-healthy', 'await-activation'],
      ]);
      for (const { purchase, step, channel: desk, taken } of givenUp) {
        expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_operator' });
        expect([step, await findings(world, purchase)]).toEqual([step, undone({ taken })]);
        expect((await operators.audit(purchase)).at(-1)).toBe(entryOf(desk, 'abort', step));
      }
    },
    timeoutMs,
  );
});

describe('when nobody comes', () => {
  const shared = shareWorld({ FREEHOLD_OPERATOR_WINDOW_MS: '5000', FREEHOLD_ORPHAN_AFTER_MS: '5000' });
  let world: World;
  let operators: ReturnType<typeof operatorsOf>;
  let faults: ReturnType<typeof createFaults>;
  let purchase: Purchase;
  /** Like the other one, but without an operator's decision. */
  let left: Purchase;
  beforeAll(() => {
    world = shared();
    operators = operatorsOf(world);
    faults = createFaults(world);
  });

  test(
    'the window ends by itself, and the money goes back although the cloud deletes nothing',
    async () => {
      await faults.cloud({ createHost: 'quota', deleteVolume: 'fail', times: 1_000 });
      [purchase, left] = (await Promise.all([buyPaid(world), buyPaid(world)])) as [Purchase, Purchase];
      for (const each of [purchase, left]) {
        await each.step('stack-up', 'needs_operator');
        await each.until('the order ends', (event) => event.type === 'order' && event.state === 'failed_refunded');
        expect(await world.outside.money(each.order.id)).toMatchObject({ refunded: each.quote.total, live: 0 });
      }
    },
    timeoutMs,
  );

  test(
    'what cannot be removed shows as orphan_cleanup wherever operators look',
    async () => {
      for (const each of [purchase, left]) {
        expect(await each.step('destroy-stack', 'needs_operator')).toMatchObject({ reason: 'orphan_cleanup' });
      }
      await purchase.until(
        'the instance is an orphan',
        (event) => event.type === 'instance' && event.status === 'orphan_cleanup',
      );
      const { out } = await freehold(world, 'operations', 'list', '--waiting');
      expect(out).toMatch(new RegExp(`${purchase.order.operationId}.*destroy-stack .*orphan_cleanup`));
      const { attributes, details } = await operators.ui.operation(purchase);
      expect(attributes).toMatchObject({ NeedsAttention: true, InstanceStatus: 'orphan_cleanup' });
      expect(details).toContain(`**Remove the server** needs an operator. ${reasonTexts.orphan_cleanup.operator}`);
      expect(await operators.decide('temporal-ui', 'abort', purchase, 'destroy-stack')).toBe('step_not_waiting');
      expect(await operators.decide('command', 'skip', purchase, 'destroy-stack')).toBe('step_not_skippable');
      expect(await world.outside.cloudObjects(purchase.order.instanceId)).not.toEqual([]);
    },
    timeoutMs,
  );

  test(
    'and it is removed when the cloud works again: at once by a retry, and by itself',
    async () => {
      await faults.cloudWorks();
      expect(await operators.decide('temporal-ui', 'retry', purchase, 'destroy-stack')).toBe('accepted');
      for (const each of [purchase, left]) {
        expect(await each.end()).toEqual({ state: 'failed_refunded', reason: 'not_delivered' });
        expect(await findings(world, each)).toEqual(undone({ taken: each.quote.total }));
      }
      expect(await operators.audit(purchase)).toEqual([entryOf('temporal-ui', 'retry', 'destroy-stack')]);
      expect(await operators.audit(left)).toEqual([]);
    },
    timeoutMs,
  );
});
