import { Worker } from '@temporalio/worker';
import { checkCloudsWorkflowId, checkCloudsWorkflowType, emptyReport } from '../../src/contracts/clouds.ts';
import type { PassSettings } from '../../src/contracts/fleet.ts';
import {
  keepSnapshotsScheduleId,
  keepSnapshotsWorkflowType,
  type SnapshotsPage,
} from '../../src/contracts/snapshots.ts';
import type { CloudName } from '../../src/contracts/stack.ts';
import { controlQueue, provisionQueue } from '../../src/contracts/workflow-messages.ts';
import { runsOf, startDevServer, workflowBundle } from '../support/temporal.ts';
import { fail } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

const served = ['gcp', 'local'] as const;

/** A workflow that calls two clouds, each on its own queue. */
function asking(
  workflow: { type: string; workflowId: string; input: object },
  activities: Parameters<typeof Worker.create>[0]['activities'],
  { continueAsNewAfter }: { continueAsNewAfter?: number } = {},
): Scenario {
  return async () => {
    const environment = await startDevServer(continueAsNewAfter ? { continueAsNewAfter } : {});
    const connection = environment.nativeConnection;
    const { type, workflowId, input } = workflow;
    try {
      const [control, ...clouds] = await Promise.all([
        Worker.create({ connection, taskQueue: controlQueue, workflowBundle: await workflowBundle(), activities }),
        ...served.map((cloud) => Worker.create({ connection, taskQueue: provisionQueue(cloud), activities })),
      ]);
      const options = { workflowId, taskQueue: controlQueue, args: [input] };
      const play = () => environment.client.workflow.execute(type, options).catch(() => undefined);
      await clouds.reduce(
        (inner, worker) => () => worker.runUntil(inner),
        () => control.runUntil(play),
      )();
      return await runsOf(environment.client, workflowId);
    } finally {
      await environment.teardown();
    }
  };
}

/** A snapshot run with this many pages at Google Cloud; the small cloud does not respond. */
function round(pages: number, continueAsNewAfter?: number): Scenario {
  const settings: PassSettings = { at: 1, settlingMs: 1, backMs: 1, clouds: [...served], pageSize: 1 };
  return asking(
    { type: keepSnapshotsWorkflowType, workflowId: keepSnapshotsScheduleId, input: {} },
    {
      beginPass: async () => settings,
      noteSnapshotRound: async () => {},
      async keepSnapshots(cloud: CloudName, _settings: PassSettings, after: string): Promise<SnapshotsPage> {
        if (cloud === 'local') throw fail('cloud_not_enabled');
        const page = Number(after || 0);
        return { made: 1, removed: page, problems: [], next: page + 1 < pages ? String(page + 1) : null };
      },
    },
    continueAsNewAfter ? { continueAsNewAfter } : {},
  );
}

/** The scenarios of cloud checks and snapshot runs. */
export const cloudScenarios: Scenarios = {
  'clouds-checked': asking(
    {
      type: checkCloudsWorkflowType,
      workflowId: checkCloudsWorkflowId('chk_0000000000000000'),
      input: { clouds: [...served] },
    },
    {
      async checkCloud(cloud: CloudName) {
        if (cloud === 'gcp') throw fail('internal');
        return emptyReport(cloud, 'ready', null);
      },
    },
  ),
  'snapshots-kept': round(3),
  'snapshots-kept-in-many-runs': round(8, 20),
};
