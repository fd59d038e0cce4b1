import type { SubscriptionReading } from '../../src/contracts/subscription.ts';
import { subscriptionChanged, subscriptionNews, subscriptionWorkflowType } from '../../src/contracts/subscription.ts';
import { stateQuery } from '../../src/contracts/workflow-messages.ts';
import { runsOf } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { createWorld, fail, type Running, type World, withInstance } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

const day = 24 * 3_600_000;
const subscriptionId = 'sbs_0123456789abcdef';

/** The result of a read at Stripe, for the running server or another one. */
type Look = (instanceId: string) => SubscriptionReading;

const found =
  (month: number, change: Partial<SubscriptionReading> = {}): Look =>
  (id) => ({
    subject: { kind: 'instance', id },
    ...{ status: 'active', paidUntil: `2027-0${month}-28T10:00:00.000Z`, gone: false, nextLookMs: 31 * day },
    ...change,
  });
const ended = found(9, { status: 'canceled', gone: true });
const refused: Look = () => {
  throw fail('payment_request_refused');
};

/** A subscription whose reads return these one after the other, each after a signal or a timer. */
function subscription({
  looks,
  entityClosed = false,
  maxEvents,
}: {
  looks: readonly Look[];
  entityClosed?: boolean;
  maxEvents?: number;
}): Scenario {
  return async () => {
    const world = createWorld();
    return withInstance({ world, limitMs: 120_000 }, async (running) => {
      await until(async () => (await running.entity.query(stateQuery)).status === 'ready');
      const instanceId = entityClosed ? 'i0000000000000000' : running.instanceId;
      world.subscription.looks = [...looks, ended].map((look) => () => look(instanceId));
      return play({ world, running, instanceId, looks: looks.length, ...(maxEvents ? { maxEvents } : {}) });
    });
  };
}

async function play({
  world,
  running,
  instanceId,
  looks,
  maxEvents,
}: {
  world: World;
  running: Running;
  instanceId: string;
  looks: number;
  maxEvents?: number;
}) {
  const { environment } = running;
  const news = subscriptionNews({ _id: subscriptionId, subject: { kind: 'instance', id: instanceId } });
  const input = { ...news.args[0], ...(maxEvents ? { maxEvents } : {}) };
  const handle = await environment.client.workflow.signalWithStart(subscriptionWorkflowType, {
    ...{ ...news, args: [input] },
  });
  const lookCount = () => world.calls.filter((call) => call.startsWith('look at')).length;
  for (let number = 1; number <= looks; number += 1) {
    await until(() => lookCount() >= number, { what: `look ${number}` });
    // A run that continues as new reads at once, without a signal.
    if (number % 2 === 0 && !maxEvents) await handle.signal(subscriptionChanged);
    else await environment.sleep(32 * day);
  }
  await handle.result();
  return runsOf(environment.client, news.workflowId);
}

/** The scenarios of a subscription, from the delivery of its server to its end. */
export const subscriptionScenarios: Scenarios = {
  'subscription-renewed': subscription({ looks: [found(1), found(2), found(2), found(3)] }),
  'subscription-of-a-closed-entity': subscription({ looks: [found(1), found(2)], entityClosed: true }),
  'subscription-refused-and-found': subscription({ looks: [found(1), refused, found(2)] }),
  'subscription-ended-elsewhere': subscription({ looks: [found(1), found(1, { status: 'canceled' })] }),
  'subscription-continued-as-new': subscription({ looks: [1, 2, 3, 4].map((month) => found(month)), maxEvents: 30 }),
};
