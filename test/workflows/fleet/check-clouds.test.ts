import { expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import {
  type CheckCloudsInput,
  type CloudReport,
  checkCloudsWorkflowId,
  checkCloudsWorkflowType,
  emptyReport,
} from '../../../src/contracts/clouds.ts';
import type { CloudName } from '../../../src/contracts/stack.ts';
import { controlQueue, provisionQueue } from '../../../src/contracts/workflow-messages.ts';
import { startTimeSkipping, workflowBundle } from '../../support/temporal.ts';

test('every cloud is checked on its own queue; an unserved or failing one is reported and delays no other', async () => {
  const environment = await startTimeSkipping();
  const connection = environment.nativeConnection;
  const asked: CloudName[] = [];
  const activities = {
    async checkCloud(cloud: CloudName): Promise<CloudReport> {
      asked.push(cloud);
      if (cloud === 'gcp') throw ApplicationFailure.nonRetryable('the process has no memory left', 'internal');
      return { ...emptyReport(cloud, 'ready', null), identity: 'somebody' };
    },
  };
  try {
    const [control, local, gcp] = await Promise.all([
      Worker.create({ connection, taskQueue: controlQueue, workflowBundle: await workflowBundle() }),
      Worker.create({ connection, taskQueue: provisionQueue('local'), activities }),
      Worker.create({ connection, taskQueue: provisionQueue('gcp'), activities }),
    ]);
    const input: CheckCloudsInput = { clouds: ['aws', 'local', 'gcp'] };
    const start = { workflowId: checkCloudsWorkflowId('chk_0000000000000000'), taskQueue: controlQueue, args: [input] };
    const play = () => environment.client.workflow.execute(checkCloudsWorkflowType, start);
    const reports = await local.runUntil(gcp.runUntil(control.runUntil(play)));
    expect(reports).toEqual([
      emptyReport('aws', 'unserved', null),
      { ...emptyReport('local', 'ready', null), identity: 'somebody' },
      emptyReport('gcp', 'refused', { reason: 'internal', detail: 'the process has no memory left' }),
    ]);
    expect(asked.sort()).toEqual(['gcp', 'local']);
  } finally {
    await environment.teardown();
  }
}, 120_000);
