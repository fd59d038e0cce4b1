import { Context } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import { type Difference, scanDriftScheduleId, scanDriftWorkflowType } from '../../src/contracts/drift.ts';
import { checkDrift } from '../../src/contracts/operations/check-drift.ts';
import type { StepName } from '../../src/contracts/steps.ts';
import {
  abortOperation,
  cancelOperation,
  controlQueue,
  operationWorkflowId,
  requestUpdate,
  retryStep,
  skipStep,
  stateQuery,
} from '../../src/contracts/workflow-messages.ts';
import { runsOf, startDevServer, workflowBundle } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { type Behaviour, createWorld, fail, type Running, type World, withInstance } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

const checkId = 'op_1111111111111111';
const hostGone: Difference = { name: 'host-node-1-m1', id: 'h-1', change: 'missing', properties: [], protected: false };
const volumeGone: Difference = { ...hostGone, name: 'volume-node-1', id: 'vol-1', protected: true };
const by = { operationId: checkId, attempt: 1, operator: 'ada', why: 'recorded' };

interface Check {
  differences?: Difference[];
  /** Behaviour of the steps once the server is delivered. */
  behaviours?: Partial<Record<StepName, Behaviour>>;
  requested?: boolean;
  realTime?: boolean;
  play?(running: Running & { world: World }): Promise<unknown>;
}

/** One check of a delivered server: the histories of its entity and of the check. */
function check({ differences = [], behaviours = {}, requested = false, realTime = false, play }: Check): Scenario {
  return () => {
    const delivered = { is: false };
    const later = Object.entries(behaviours).map(([step, behaviour]): [string, Behaviour] => [
      step,
      (tries, context) => (delivered.is ? behaviour(tries, context) : undefined),
    ]);
    const world = createWorld(Object.fromEntries(later));
    return withInstance({ world, limitMs: 120_000, realTime }, async (running) => {
      const { entity, operation, environment, instanceId } = running;
      await operation.result();
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      Object.assign(delivered, { is: true });
      world.tries.clear();
      world.calls.splice(0);
      world.drift.differences = differences;
      await entity.executeUpdate(requestUpdate(checkDrift.kind), {
        args: [{ operationId: checkId, requestedBy: requested ? 'operator' : 'system' }],
      });
      await play?.({ ...running, world });
      const handle = environment.client.workflow.getHandle(operationWorkflowId(instanceId, checkId));
      await handle.result().catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'WorkflowFailedError')) throw error;
      });
      await until(async () => (await entity.query(stateQuery)).running === null);
      const runs = [entity, handle].map(({ workflowId }) => runsOf(environment.client, workflowId));
      return (await Promise.all(runs)).flat();
    });
  };
}

const failing: Behaviour = () => {
  throw fail('internal');
};
const failingOnce: Behaviour = (tries) => {
  if (tries === 1) throw fail('internal');
};
const untilCancelled: Behaviour = () => Context.current().cancelled;

async function waitsAt({ world }: { world: World }, step: StepName): Promise<void> {
  await until(() => world.notes.some((note) => note.startsWith(`needs_operator ${step}#1 `)), {
    what: `${step} calls for an operator`,
  });
}

const abortedAt = (step: StepName): Scenario =>
  check({
    differences: [hostGone],
    behaviours: { [step]: failing },
    async play(running) {
      await waitsAt(running, step);
      await running.entity.executeUpdate(abortOperation, { args: [{ ...by, step }] });
    },
  });

const cancelledAt = (step: StepName): Scenario =>
  check({
    differences: [hostGone],
    requested: true,
    realTime: true,
    behaviours: { [step]: untilCancelled },
    async play({ world, entity }) {
      await until(() => world.calls.includes(step), { what: `${step} runs` });
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId: checkId }] });
    },
  });

/** A scan of this many pages of two servers. */
function scan(pages: number, continueAsNewAfter?: number): Scenario {
  return async () => {
    const environment = await startDevServer(continueAsNewAfter ? { continueAsNewAfter } : {});
    const checkOf = (at: number) => ({ instanceId: `i${String(at).padStart(16, '0')}`, operationId: checkId });
    const activities = {
      askDriftChecks: async ({ after }: { after: string }) => {
        const page = Number(after || 0);
        const requested = page === 1 ? [] : [checkOf(2 * page), checkOf(2 * page + 1)];
        return { asked: requested, skipped: 2 - requested.length, next: page + 1 < pages ? String(page + 1) : null };
      },
      followDriftChecks: async (requested: ReturnType<typeof checkOf>[]) => {
        const [first] = requested;
        if (first?.instanceId.endsWith('4')) throw fail('internal');
        return { checked: requested.length, drifted: requested.slice(0, 1), left: 0 };
      },
    };
    try {
      const worker = await Worker.create({
        ...{ connection: environment.nativeConnection, taskQueue: controlQueue, activities },
        workflowBundle: await workflowBundle(),
      });
      const options = { workflowId: scanDriftScheduleId, taskQueue: controlQueue, args: [{}] };
      await worker.runUntil(environment.client.workflow.execute(scanDriftWorkflowType, options));
      return await runsOf(environment.client, scanDriftScheduleId);
    } finally {
      await environment.teardown();
    }
  };
}

/** The scenarios of drift checks of delivered servers, and of scans. */
export const driftScenarios: Scenarios = {
  'drift-not-found': check({}),
  'drift-not-found-by-an-operator': check({ requested: true }),
  'drift-not-looked': check({ requested: true, behaviours: { 'detect-drift': failing } }),
  'drift-repaired': check({ differences: [hostGone] }),
  'drift-retried-at-every-step': check({
    differences: [hostGone],
    behaviours: { 'report-drift': failingOnce, 'repair-stack': failingOnce, 'await-healthy': failingOnce },
    async play(running) {
      for (const step of ['report-drift', 'repair-stack', 'await-healthy'] as const) {
        await waitsAt(running, step);
        await running.entity.executeUpdate(retryStep, { args: [{ ...by, step }] });
      }
    },
  }),
  'drift-mended-by-hand': check({
    differences: [volumeGone],
    async play(running) {
      await waitsAt(running, 'report-drift');
      running.world.drift.differences = [];
      await running.entity.executeUpdate(retryStep, { args: [{ ...by, step: 'report-drift' }] });
    },
  }),
  'drift-repaired-and-skipped': check({
    differences: [hostGone],
    behaviours: { 'await-healthy': failing },
    async play(running) {
      await waitsAt(running, 'await-healthy');
      await running.entity.executeUpdate(skipStep, { args: [{ ...by, step: 'await-healthy' }] });
    },
  }),
  'drift-aborted-at-report-drift': abortedAt('report-drift'),
  'drift-aborted-at-repair-stack': abortedAt('repair-stack'),
  'drift-aborted-at-await-healthy': abortedAt('await-healthy'),
  'drift-cancelled-at-detect-drift': cancelledAt('detect-drift'),
  'drift-cancelled-at-report-drift': cancelledAt('report-drift'),
  'drift-cancelled-at-repair-stack': cancelledAt('repair-stack'),
  'drift-cancelled-at-await-healthy': cancelledAt('await-healthy'),
  'drift-check-terminated': check({
    realTime: true,
    behaviours: { 'detect-drift': untilCancelled },
    async play({ world, environment, instanceId }) {
      await until(() => world.calls.includes('detect-drift'));
      await environment.client.workflow.getHandle(operationWorkflowId(instanceId, checkId)).terminate();
    },
  }),
  'fleet-scanned-for-drift': scan(3),
  'fleet-scanned-for-drift-in-many-runs': scan(6, 20),
};
