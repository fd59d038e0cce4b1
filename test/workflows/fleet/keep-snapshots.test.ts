import { expect, test } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { PassSettings } from '../../../src/contracts/fleet.ts';
import {
  type KeepSnapshotsInput,
  keepSnapshotsScheduleId,
  keepSnapshotsWorkflowType,
  type SnapshotsPage,
} from '../../../src/contracts/snapshots.ts';
import type { CloudName } from '../../../src/contracts/stack.ts';
import { controlQueue, provisionQueue } from '../../../src/contracts/workflow-messages.ts';
import { startTimeSkipping, workflowBundle } from '../../support/temporal.ts';

/** Runs one snapshot run over the small cloud and Google Cloud, with these pages. */
async function round(pages: (cloud: CloudName, after: string) => SnapshotsPage): Promise<unknown> {
  const environment = await startTimeSkipping();
  const connection = environment.nativeConnection;
  const settings: PassSettings = { at: 1, settlingMs: 1, backMs: 1, clouds: ['gcp', 'local'], pageSize: 1 };
  const activities = {
    beginPass: async () => settings,
    noteSnapshotRound: async () => {},
    keepSnapshots: async (cloud: CloudName, _settings: PassSettings, after: string) => pages(cloud, after),
  };
  try {
    const [control, local, gcp] = await Promise.all([
      Worker.create({ connection, taskQueue: controlQueue, workflowBundle: await workflowBundle(), activities }),
      Worker.create({ connection, taskQueue: provisionQueue('local'), activities }),
      Worker.create({ connection, taskQueue: provisionQueue('gcp'), activities }),
    ]);
    const args: [KeepSnapshotsInput] = [{}];
    const start = { workflowId: keepSnapshotsScheduleId, taskQueue: controlQueue, args };
    const play = () => environment.client.workflow.execute(keepSnapshotsWorkflowType, start);
    return await local.runUntil(gcp.runUntil(control.runUntil(play)));
  } finally {
    await environment.teardown();
  }
}

const done: SnapshotsPage = { made: 0, removed: 0, problems: [], next: null };

test('a round goes through every page of every cloud, and says what was made and removed', async () => {
  const asked: string[] = [];
  const report = await round((cloud, after) => {
    asked.push(`${cloud} ${after}`);
    if (cloud === 'gcp') return { ...done, removed: 2 };
    return after === '' ? { ...done, made: 1, next: 'i1' } : { ...done, made: 3 };
  });
  expect(asked).toEqual(['gcp ', 'local ', 'local i1']);
  expect(report).toEqual({ made: 4, removed: 2, problems: [] });
}, 120_000);

test('a cloud that does not answer keeps no other waiting, and the round fails in the end with its reason', async () => {
  const asked: string[] = [];
  const running = round((cloud) => {
    asked.push(cloud);
    if (cloud === 'gcp') throw ApplicationFailure.nonRetryable('no credentials', 'cloud_not_enabled');
    return { ...done, made: 1, problems: [{ cloud, subject: 'vol-1', reason: 'cloud_quota' }] };
  });
  const failure = await running.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  expect((failure as WorkflowFailedError).cause).toMatchObject({
    ...{ type: 'cloud_not_enabled', message: '1 made, 0 removed, 2 could not be made or removed' },
    details: [{ problems: [{ cloud: 'gcp', reason: 'cloud_not_enabled' }, { subject: 'vol-1' }] }],
  });
  expect(asked).toEqual(['gcp', 'local']);
}, 120_000);
