import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import type { StepName } from '../../src/contracts/steps.ts';
import {
  abortOperation,
  cancelOperation,
  paymentChanged,
  retryStep,
  stateQuery,
} from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { type Behaviour, createWorld, fail, operationId, type Running } from '../workflows/world.ts';
import { type OrderScenario, order, type Scenario, type Scenarios } from './scenario.ts';

const provisionSteps = stepNamesOf(provision);

const day = 24 * 3_600_000;

/** The steps before the pivot: each can be cancelled, and each can fail permanently. */
export const stepsBeforePivot = provisionSteps.slice(0, provisionSteps.indexOf('mark-ready') + 1);

const by = { operationId, attempt: 1, operator: 'ada', why: 'recorded' };
const ends = () => {
  throw fail('cancelled_by_customer');
};
const again = (reason: Parameters<typeof fail>[0]) => () => {
  throw fail(reason, false);
};
const everyHour = (reason: string) => ApplicationFailure.create({ type: reason, nextRetryDelay: '1 hour' });
const unpaid = (): OrderScenario => ({ world: () => createWorld({ 'await-payment': again('not_paid_yet') }) });

/**
 * How a step reacts to a cancel: it waits for its next try, it ends, or (not listed here) it succeeds in spite of it.
 */
const meetsCancel: Partial<Record<StepName, Behaviour>> = {
  'await-payment': again('not_paid_yet'),
  'stack-up': () => Context.current().cancelled,
  'await-healthy': again('host_unhealthy'),
  'await-activation': again('activation_missing'),
};

function cancelledAt(step: StepName): Scenario {
  const cancelArrived = Promise.withResolvers<void>();
  return order({
    world: () => createWorld({ [step]: meetsCancel[step] ?? (() => cancelArrived.promise) }),
    realTime: true,
    async play({ world, entity, operation }) {
      await until(() => world.calls.includes(step));
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
      await until(() => hasSeenCancel(operation));
      cancelArrived.resolve();
    },
  });
}

async function hasSeenCancel(operation: Running['operation']): Promise<boolean> {
  const { events } = await operation.fetchHistory();
  const requestedAt = events?.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes) ?? -1;
  return requestedAt >= 0 && events!.slice(requestedAt).some((event) => event.workflowTaskCompletedEventAttributes);
}

/** The scenarios of orders without an operator's decision, by the actions of customer and Stripe. */
export const orderScenarios: Scenarios = {
  delivered: order({
    world: () =>
      createWorld({
        'await-payment': (tries) => {
          if (tries === 1) throw fail('not_paid_yet', false);
        },
      }),
    async play({ world, entity }) {
      await until(() => world.calls.includes('await-payment'));
      await entity.signal(paymentChanged);
    },
  }),
  'paid-after-a-month': order({
    times: { FREEHOLD_AWAIT_PAYMENT_MS: 31 * day },
    world: () =>
      createWorld({
        'await-payment': (tries) => {
          if (tries <= 30 * 24) throw everyHour('not_paid_yet');
        },
      }),
  }),
  'paid-in-the-last-moment': order({
    world() {
      const world = createWorld({ 'await-payment': again('not_paid_yet') });
      const expirePayment = async () => {
        world.order.state = 'fulfilling';
      };
      return { ...world, activities: { ...world.activities, expirePayment: expirePayment as () => Promise<never> } };
    },
  }),
  'news-of-many-declines': order({
    realTime: true,
    world: () =>
      createWorld({
        'await-payment': (tries) => {
          throw tries <= 8 ? fail('declined_try_again', false) : fail('too_many_declines');
        },
      }),
    async play({ world, entity }) {
      for (let tries = 1; tries <= 8; tries += 1) {
        await until(() => (world.tries.get('await-payment') ?? 0) >= tries);
        await entity.signal(paymentChanged);
      }
    },
  }),
  expired: order(unpaid()),
  declined: order({
    world: () =>
      createWorld({
        'await-payment': () => {
          throw fail('too_many_declines');
        },
      }),
  }),
  ...Object.fromEntries(stepsBeforePivot.map((step) => [`cancelled-at-${step}`, cancelledAt(step)])),
  'cancelled-before-it-began': order({
    world: createWorld,
    realTime: true,
    atOnce: true,
    play: ({ entity }) => entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] }),
  }),
  'cancelled-twice': order({
    world: () => createWorld({ 'stack-up': ends, 'settle-money': once('money_not_settled') }),
    realTime: true,
    async play({ world, entity }) {
      await until(() => world.calls.includes('settle-money'));
      for (const who of ['customer', 'operator'] as const) {
        await entity.executeUpdate(cancelOperation, { args: [{ by: who }] });
      }
    },
  }),
  'cancelled-in-the-temporal-ui': order({
    ...unpaid(),
    realTime: true,
    async play({ world, entity }) {
      await until(() => world.calls.includes('await-payment'));
      await entity.cancel();
    },
  }),
  'operation-cancelled-in-the-temporal-ui': order({
    ...unpaid(),
    realTime: true,
    async play({ world, operation }) {
      await until(() => world.calls.includes('await-payment'));
      await operation.cancel();
    },
  }),
  'ready-before-the-cancel': order({
    realTime: true,
    world() {
      const world = createWorld();
      const { startCancelling, markReady } = world.activities;
      const refused = Promise.withResolvers<void>();
      return {
        ...world,
        activities: {
          ...world.activities,
          async startCancelling(...args: Parameters<typeof startCancelling>) {
            const outcome = await startCancelling(...args);
            refused.resolve();
            return outcome;
          },
          async markReady(...context: Parameters<typeof markReady>) {
            await markReady(...context);
            await refused.promise;
          },
        },
      };
    },
    async play({ world, entity }) {
      await until(() => world.order.state === 'fulfilled');
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] }).catch(alreadyReady);
    },
  }),
  'settled-late': order({
    world: () => createWorld({ 'await-healthy': ends, 'settle-money': inFlightForDays(5) }),
  }),
  'settled-after-its-three-weeks': order({
    world: () => createWorld({ 'await-healthy': ends, 'settle-money': inFlightForDays(22) }),
  }),
  'settled-after-an-operator-asked': order({
    world: () => createWorld({ 'await-healthy': ends, 'settle-money': inFlightForDays(22) }),
    async play({ world, environment, entity }) {
      await until(() => world.calls.includes('settle-money'));
      await environment.sleep(21 * day + 1_000);
      await until(() => world.notes.includes('needs_operator settle-money#1 internal'));
      await entity.executeUpdate(retryStep, { args: [{ ...by, step: 'settle-money' }] });
    },
  }),
  'continued-as-new': order({
    world: () => createWorld(),
    maxEvents: 10,
    realTime: true,
    async play({ entity, operation }) {
      await operation.result();
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      const request = { args: [{ by: 'customer' as const }] as [{ by: 'customer' }], updateId: 'one' };
      for (let time = 0; time < 2; time += 1) await entity.executeUpdate(cancelOperation, request).catch(alreadyReady);
    },
  }),
  'terminated-and-run-again': stopped(({ entity }) =>
    entity.executeUpdate(retryStep, { args: [{ ...by, step: 'await-payment' }] }),
  ),
  'terminated-and-cancelled': stopped(({ entity }) =>
    entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] }),
  ),
  'terminated-and-aborted': stopped(({ entity }) =>
    entity.executeUpdate(abortOperation, { args: [{ ...by, step: 'await-payment' }] }),
  ),
};

/** An operation that was terminated while it waited for the payment, and what happens then. */
function stopped(play: NonNullable<OrderScenario['play']>): Scenario {
  return order({
    realTime: true,
    world() {
      const world = createWorld({
        'await-payment'(tries) {
          if (tries === 1) throw fail('not_paid_yet', false);
          if (world.order.reason) throw fail(world.order.reason);
        },
      });
      return world;
    },
    async play(running) {
      const { world, entity, operation } = running;
      await until(() => world.calls.includes('await-payment'));
      await operation.terminate();
      await until(async () => (await entity.describe()).searchAttributes.NeedsAttention?.[0] === true);
      await play(running);
      await until(() => exists(operation), { what: 'the operation runs again' });
    },
  });
}

async function exists(operation: Running['operation']): Promise<boolean> {
  return (await operation.describe()).status.name !== 'TERMINATED';
}

function once(reason: Parameters<typeof fail>[0]): Behaviour {
  return (tries) => {
    if (tries === 1) throw fail(reason, false);
  };
}

function inFlightForDays(days: number): Behaviour {
  return (tries) => {
    if (tries <= days * 24) throw everyHour('money_in_flight');
  };
}

function alreadyReady(error: { cause?: { type?: string } }): void {
  if (error.cause?.type !== 'already_ready') throw error;
}
