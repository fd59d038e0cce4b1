import { afterEach, describe, expect, test } from '@jest/globals';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import type { SuiteCloud } from '../../support/cloud-suite.ts';
import { createFaults } from './faults.ts';
import { findings, undone } from './findings.ts';
import { freehold } from './freehold.ts';
import { buy, type Purchase } from './purchase.ts';
import { timeoutMs, type World } from './world.ts';

/** Settings of these tests: an unresponsive host waits for an operator within seconds, and then as long as needed. */
export const cancelSettings = {
  ...{ FREEHOLD_AWAIT_HEALTHY_MS: '4000', FREEHOLD_OPERATOR_WINDOW_MS: '3600000' },
  // Each order, and each quote that checks its name again, holds a name.
  FREEHOLD_HOLDS_PER_IP: '200',
};

/** A moment of an order: preparation before it is placed, and how to reach it. */
interface Moment {
  prepare?(at: Scene): Promise<void>;
  reach(purchase: Purchase, at: Scene): Promise<unknown>;
  /** Restores what the undo needs to end. */
  mend?(at: Scene): Promise<void>;
  /** Whether the order is paid by then. */
  paid: boolean;
}

interface Scene {
  world: World;
  faults: ReturnType<typeof createFaults>;
  suite: SuiteCloud;
}

const pay = async (purchase: Purchase) => expect(await purchase.pay()).toEqual({ status: 'succeeded' });
const onMachine = ({ suite }: Scene, fault: Record<string, unknown>) => ({
  ...{ on: 'create', type: suite.types.machine, ...fault },
});

/** Every step before the pivot; for the long one its start, its middle and its failure. */
export const moments = {
  'hold-hostname, as soon as it is placed': { paid: false, reach: async () => undefined },
  'create-subscription, while Stripe takes its time': {
    paid: false,
    prepare: ({ faults }) =>
      faults.stripe({ http: { method: 'POST', path: '/v1/subscriptions', delayMs: 3_000, times: 1 } }),
    reach: (purchase) => purchase.step('create-subscription', 'running'),
  },
  'await-payment': { paid: false, reach: (purchase) => purchase.step('await-payment', 'waiting') },
  'issue-licence, while the licence server is away': {
    paid: true,
    prepare: ({ world }) => world.platform.process('licence').stop(),
    async reach(purchase) {
      await pay(purchase);
      await purchase.step('issue-licence', 'retrying');
    },
    mend: ({ world }) => world.platform.process('licence').start(),
  },
  'stack-up, before anything is there': {
    paid: true,
    async reach(purchase) {
      await pay(purchase);
      await purchase.step('stack-up', 'running');
    },
  },
  'stack-up, while its machine is being made': {
    paid: true,
    prepare: (at) => at.faults.double(at.suite.cloud, onMachine(at, { fault: 'slow', ms: 5_000 })),
    async reach(purchase, { world, suite }) {
      await pay(purchase);
      await purchase.until('things are being made', (event) => event.type === 'log' && event.step === 'stack-up');
      expect(await world.outside.allObjectsAt(suite.cloud)).not.toEqual([]);
    },
  },
  'stack-up, while an operator is asked': {
    paid: true,
    prepare: (at) => at.faults.double(at.suite.cloud, onMachine(at, { fault: 'quota' })),
    async reach(purchase, { world, suite }) {
      await pay(purchase);
      expect(await purchase.step('stack-up', 'needs_operator')).toMatchObject({ reason: 'cloud_quota' });
      expect(await world.outside.allObjectsAt(suite.cloud)).not.toEqual([]);
    },
  },
  'await-healthy': {
    paid: true,
    prepare: (at) => at.faults.double(at.suite.cloud, onMachine(at, { fault: 'never-healthy' })),
    async reach(purchase) {
      await pay(purchase);
      await purchase.step('await-healthy', 'running');
    },
  },
  'await-activation': {
    paid: true,
    prepare: (at) => at.faults.double(at.suite.cloud, onMachine(at, { fault: 'never-healthy' })),
    async reach(purchase, { world }) {
      await pay(purchase);
      await purchase.step('await-healthy', 'needs_operator');
      const { operationId } = purchase.order;
      const skip = await freehold(
        world,
        'operations',
        'skip',
        operationId,
        '--why',
        'to see what comes then',
        '--no-follow',
      );
      expect(skip).toMatchObject({ code: 0, complaint: expect.stringContaining('Skip accepted') });
      await purchase.step('await-activation', 'running');
    },
  },
} as const satisfies Record<string, Moment>;
export type MomentName = keyof typeof moments;

/** The cheapest plan in the first region of a cloud. */
export function cartAt(cloud: string) {
  const { name, regions } = catalogue.clouds.find((each) => each.name === cloud)!;
  return { plan: 'MAKER' as const, cloud: name, region: regions[0]!.name };
}

/** An order that is cancelled at each of these moments leaves nothing in the emulated cloud's own list. */
export function describeCancels(shared: () => World, suite: SuiteCloud, names: readonly MomentName[]): void {
  describe(`an order on ${suite.cloud} that is cancelled`, () => {
    const { cloud } = suite;
    const sceneOf = (world: World): Scene => ({ world, faults: createFaults(world), suite });
    afterEach(async () => {
      const { faults } = sceneOf(shared());
      await Promise.all([faults.doubleWorks(cloud), faults.stripeWorks()]);
    });

    test.each(names)(
      'at %s',
      async (name) => {
        const at = sceneOf(shared());
        const moment: Moment = moments[name];
        await moment.prepare?.(at);
        const purchase = await buy(at.world, cartAt(cloud));
        await moment.reach(purchase, at);
        await purchase.cancel();
        await moment.mend?.(at);
        expect(await purchase.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
        expect(await at.world.outside.allObjectsAt(cloud)).toEqual([]);
        expect(await findings(at.world, purchase)).toEqual(undone({ taken: moment.paid ? purchase.quote.total : 0 }));
        // The name is free at once.
        const again = await at.world.customer.quote({
          ...{ ...cartAt(cloud), cycle: 'monthly', country: 'ES' },
          name: purchase.name,
        });
        expect(again.subject.hostname).toBe(purchase.quote.subject.hostname);
      },
      timeoutMs,
    );
  });
}
