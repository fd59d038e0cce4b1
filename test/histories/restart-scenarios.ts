import { Context } from '@temporalio/activity';
import { checkDrift } from '../../src/contracts/operations/check-drift.ts';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { restart } from '../../src/contracts/operations/restart.ts';
import type { StepName } from '../../src/contracts/steps.ts';
import { abortOperation, cancelOperation, retryStep, skipStep } from '../../src/contracts/workflow-messages.ts';
import { runsOf } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { type Delivered, withDelivered } from '../workflows/delivered.ts';
import { type Behaviour, fail } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

const restartId = 'op_1111111111111111';
const checkId = 'op_2222222222222222';
const by = { operationId: restartId, attempt: 1, operator: 'ada', why: 'recorded' };
const steps = stepNamesOf(restart);

/** One restart of a delivered server: the histories of its entity, of the restart, and of the check that gave way to it. */
function restarted({
  behaviours = {},
  realTime = false,
  before,
  play,
}: {
  behaviours?: Partial<Record<StepName, Behaviour>>;
  realTime?: boolean;
  before?(delivered: Delivered): Promise<unknown>;
  play?(delivered: Delivered): Promise<unknown>;
}): Scenario {
  return async () => {
    const runs: Awaited<ReturnType<typeof runsOf>> = [];
    const options = { limitMs: 120_000, realTime };
    await withDelivered(
      behaviours as Record<string, Behaviour>,
      async (delivered) => {
        const { ask, handleOf, resultOf, entity, environment, state } = delivered;
        await before?.(delivered);
        await ask(restart.kind, restartId, 'customer');
        await play?.(delivered);
        await resultOf(restartId).catch((error: unknown) => {
          if (!(error instanceof Error && error.name === 'WorkflowFailedError')) throw error;
        });
        await until(async () => (await state()).running === null);
        const ids = [
          entity.workflowId,
          handleOf(restartId).workflowId,
          ...(before ? [handleOf(checkId).workflowId] : []),
        ];
        for (const id of ids) runs.push(...(await runsOf(environment.client, id)));
      },
      options,
    );
    return runs;
  };
}

const failing: Behaviour = () => {
  throw fail('internal');
};
const failingOnce: Behaviour = (tries) => {
  if (tries === 1) throw fail('internal');
};
const untilCancelled: Behaviour = () => Context.current().cancelled;

async function waitsAt({ world }: Delivered, step: StepName): Promise<void> {
  await until(() => world.notes.some((note) => note.startsWith(`needs_operator ${step}#1 `)), {
    what: `${step} calls for an operator`,
  });
}

const abortedAt = (step: StepName): Scenario =>
  restarted({
    behaviours: { [step]: failing },
    async play(delivered) {
      await waitsAt(delivered, step);
      await delivered.entity.executeUpdate(abortOperation, { args: [{ ...by, step }] });
    },
  });

const cancelledAt = (step: StepName): Scenario =>
  restarted({
    realTime: true,
    behaviours: { [step]: untilCancelled },
    async play({ world, entity }) {
      await until(() => world.calls.includes(step), { what: `${step} runs` });
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId: restartId }] });
    },
  });

/** The scenarios of restarts of delivered servers. */
export const restartScenarios: Scenarios = {
  restarted: restarted({}),
  'restart-retried-at-every-step': restarted({
    behaviours: Object.fromEntries(steps.map((step) => [step, failingOnce])),
    async play(delivered) {
      for (const step of steps) {
        await waitsAt(delivered, step);
        await delivered.entity.executeUpdate(retryStep, { args: [{ ...by, step }] });
      }
    },
  }),
  'restart-skipped-where-allowed': restarted({
    behaviours: { 'await-healthy': failing },
    async play(delivered) {
      await waitsAt(delivered, 'await-healthy');
      await delivered.entity.executeUpdate(skipStep, { args: [{ ...by, step: 'await-healthy' }] });
    },
  }),
  ...Object.fromEntries(steps.map((step) => [`restart-aborted-at-${step}`, abortedAt(step)])),
  ...Object.fromEntries(steps.map((step) => [`restart-cancelled-at-${step}`, cancelledAt(step)])),
  'restart-terminated': restarted({
    realTime: true,
    behaviours: { 'restart-machines': untilCancelled },
    async play({ world, handleOf }) {
      await until(() => world.calls.includes('restart-machines'));
      await handleOf(restartId).terminate();
    },
  }),
  'restart-before-a-check-of-drift': restarted({
    realTime: true,
    behaviours: { 'detect-drift': untilCancelled },
    async before({ world, ask }) {
      await ask(checkDrift.kind, checkId, 'system');
      await until(() => world.calls.includes('detect-drift'));
    },
  }),
};
