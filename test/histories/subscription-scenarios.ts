import type { SubscriptionReading } from '../../src/contracts/subscription.ts';
import { subscriptionChanged, subscriptionSignal, subscriptionWorkflowType } from '../../src/contracts/subscription.ts';
import { stateQuery } from '../../src/contracts/workflow-messages.ts';
import { runsOf } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { createWorld, fail, type Running, type World, withInstance } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

const day = 24 * 3_600_000;
const subscriptionId = 'sbs_0123456789abcdef';

/** The result of a read at Stripe, for the running server or another one. */
type Read = (instanceId: string) => SubscriptionReading;

const found =
  (month: number, change: Partial<SubscriptionReading> = {}): Read =>
  (id) => ({
    subject: { kind: 'instance', id },
    ...{ status: 'active', paidUntil: `2027-0${month}-28T10:00:00.000Z`, gone: false, nextReadMs: 31 * day },
    ...change,
  });
const ended = found(9, { status: 'canceled', gone: true });
const refused: Read = () => {
  throw fail('payment_request_refused');
};

/** A subscription whose reads return these one after the other, each after a signal or a timer. */
function subscription({
  reads,
  entityClosed = false,
  maxEvents,
}: {
  reads: readonly Read[];
  entityClosed?: boolean;
  maxEvents?: number;
}): Scenario {
  return async () => {
    const world = createWorld();
    return withInstance({ world, limitMs: 120_000 }, async (running) => {
      await until(async () => (await running.entity.query(stateQuery)).status === 'ready');
      const instanceId = entityClosed ? 'i0000000000000000' : running.instanceId;
      world.subscription.reads = [...reads, ended].map((read) => () => read(instanceId));
      return play({ world, running, instanceId, reads: reads.length, ...(maxEvents ? { maxEvents } : {}) });
    });
  };
}

async function play({
  world,
  running,
  instanceId,
  reads,
  maxEvents,
}: {
  world: World;
  running: Running;
  instanceId: string;
  reads: number;
  maxEvents?: number;
}) {
  const { environment } = running;
  const signal = subscriptionSignal({ _id: subscriptionId, subject: { kind: 'instance', id: instanceId } });
  const input = { ...signal.args[0], ...(maxEvents ? { maxEvents } : {}) };
  const handle = await environment.client.workflow.signalWithStart(subscriptionWorkflowType, {
    ...{ ...signal, args: [input] },
  });
  const readCount = () => world.calls.filter((call) => call.startsWith('read ')).length;
  for (let number = 1; number <= reads; number += 1) {
    await until(() => readCount() >= number, { what: `read ${number}` });
    // A run that continues as new reads at once, without a signal.
    if (number % 2 === 0 && !maxEvents) await handle.signal(subscriptionChanged);
    else await environment.sleep(32 * day);
  }
  await handle.result();
  return runsOf(environment.client, signal.workflowId);
}

/** The scenarios of a subscription, from the delivery of its server to its end. */
export const subscriptionScenarios: Scenarios = {
  'subscription-renewed': subscription({ reads: [found(1), found(2), found(2), found(3)] }),
  'subscription-of-a-closed-entity': subscription({ reads: [found(1), found(2)], entityClosed: true }),
  'subscription-refused-and-found': subscription({ reads: [found(1), refused, found(2)] }),
  'subscription-ended-elsewhere': subscription({ reads: [found(1), found(1, { status: 'canceled' })] }),
  'subscription-continued-as-new': subscription({ reads: [1, 2, 3, 4].map((month) => found(month)), maxEvents: 30 }),
};
