import type { UpdateDefinition } from '@temporalio/common';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import { isSkippable, isUndoStep, StepName } from '../../src/contracts/steps.ts';
import {
  type AcceptedOperation,
  abortOperation,
  cancelOperation,
  type OperatorRequest,
  retryStep,
  skipStep,
} from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { type Behaviour, createWorld, fail, operationId, type Running, type World } from '../workflows/world.ts';
import { stepsBeforePivot } from './order-scenarios.ts';
import { order, type Scenario, type Scenarios } from './scenario.ts';

const provisionSteps = stepNamesOf(provision);

const minute = 60_000;
const undoSteps = StepName.options.filter(isUndoStep);

const by = { operationId, attempt: 1, operator: 'ada', why: 'recorded' };
const failing = (reason: Parameters<typeof fail>[0]) => () => {
  throw fail(reason);
};
const failingOnce: Behaviour = (tries) => {
  if (tries === 1) throw fail('internal');
};
const each = (names: readonly StepName[], behaviour: Behaviour) =>
  Object.fromEntries(names.map((name) => [name, behaviour]));

/** Waits until the first try of this step calls for an operator, and sends the decision. */
async function decide(
  { world, entity }: Running & { world: World },
  step: StepName,
  decision: UpdateDefinition<AcceptedOperation, [OperatorRequest]> = retryStep,
): Promise<void> {
  await until(() => world.notes.some((note) => note.startsWith(`needs_operator ${step}#1 `)), {
    what: `${step} calls for an operator`,
  });
  await entity.executeUpdate(decision, { args: [{ ...by, step }] });
}

const abortedAt = (step: StepName): Scenario =>
  order({
    world: () => createWorld({ [step]: failing('internal') }),
    play: (running) => decide(running, step, abortOperation),
  });

const givenUpAt = (step: StepName): Scenario => order({ world: () => createWorld({ [step]: failing('internal') }) });

/** The scenarios of orders that need an operator's decision, with and without one in time. */
export const operatorScenarios: Scenarios = {
  ...Object.fromEntries(stepsBeforePivot.map((step) => [`aborted-at-${step}`, abortedAt(step)])),
  ...Object.fromEntries(stepsBeforePivot.map((step) => [`given-up-at-${step}`, givenUpAt(step)])),
  'retried-at-every-step': order({
    world: () => createWorld(each(provisionSteps, failingOnce)),
    async play(running) {
      for (const step of provisionSteps) await decide(running, step);
    },
  }),
  'retried-at-every-step-of-the-undo': order({
    world: () => createWorld({ 'await-activation': failing('cancelled_by_customer'), ...each(undoSteps, failingOnce) }),
    async play(running) {
      for (const step of undoSteps) await decide(running, step);
    },
  }),
  'skipped-where-allowed': order({
    world: () => createWorld(each(provisionSteps.filter(isSkippable), failing('internal'))),
    async play(running) {
      for (const step of provisionSteps.filter(isSkippable)) await decide(running, step, skipStep);
    },
  }),
  'skipped-in-the-undo': order({
    world: () => createWorld({ ...each(['stack-up', ...undoSteps.filter(isSkippable)], failing('internal')) }),
    async play(running) {
      await decide(running, 'stack-up', abortOperation);
      for (const step of undoSteps.filter(isSkippable)) await decide(running, step, skipStep);
    },
  }),
  'retried-and-skipped': order({
    world: () =>
      createWorld({
        'stack-up': failingOnce,
        'await-healthy': failing('host_unhealthy'),
        'send-mail': failing('mail_refused'),
      }),
    async play(running) {
      await decide(running, 'stack-up');
      await decide(running, 'await-healthy', skipStep);
      await decide(running, 'send-mail', skipStep);
    },
  }),
  'cancelled-while-built': order({
    world: () => createWorld({ 'stack-up': failing('stack_failed') }),
    realTime: true,
    async play({ world, entity }) {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator' }] });
    },
  }),
  'not-delivered-and-hard-to-undo': order({
    world: () =>
      createWorld({
        'issue-licence': failing('licence_refused'),
        'settle-money': (tries) => {
          if (tries < 3) throw fail('refund_failed');
        },
        'send-outcome-mail': failing('mail_refused'),
      }),
  }),
  orphaned: order({
    world: () =>
      createWorld({
        'await-healthy': failing('cancelled_by_customer'),
        'destroy-stack': (tries) => {
          if (tries < 15) throw fail('cloud_unavailable', false);
          if (tries < 17) throw fail('stack_failed');
        },
      }),
  }),
  'orphaned-and-retried': order({
    world() {
      const world = createWorld({
        'await-healthy': failing('cancelled_by_customer'),
        'destroy-stack': () => {
          if (world.decisions.length === 0) throw fail('cloud_unavailable', false);
        },
      });
      return world;
    },
    async play(running) {
      await until(() => running.world.calls.includes('destroy-stack'));
      await running.environment.sleep(11 * minute);
      await decide(running, 'destroy-stack');
    },
  }),
};
