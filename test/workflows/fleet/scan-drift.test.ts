import { expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import {
  type DriftReport,
  type RequestedCheck,
  scanDriftScheduleId,
  scanDriftWorkflowType,
} from '../../../src/contracts/drift.ts';
import { controlQueue } from '../../../src/contracts/workflow-messages.ts';
import { startDevServer, startTimeSkipping, workflowBundle } from '../../support/temporal.ts';
import { fail } from '../world.ts';

const checkOf = (at: number): RequestedCheck => ({ instanceId: `i${at}`, operationId: `op_${at}` });

/** A fleet of ten: every third one is busy, the fifth has drifted, and the last two cannot be followed. */
function fleet() {
  const story: string[] = [];
  const activities = {
    askDriftChecks: async ({ after }: { after: string }) => {
      const from = Number(after || 0);
      const page = [from, from + 1];
      story.push(`ask ${page.join()}`);
      const asked = page.filter((at) => at % 3 !== 0).map(checkOf);
      return { asked, skipped: page.length - asked.length, next: from + 2 < 10 ? String(from + 2) : null };
    },
    followDriftChecks: async (asked: RequestedCheck[]) => {
      story.push(`follow ${asked.map(({ instanceId }) => instanceId).join()}`);
      if (asked.some(({ instanceId }) => instanceId === 'i8')) throw fail('records_unreachable');
      const drifted = asked.filter(({ instanceId }) => instanceId === 'i5');
      return { checked: asked.length, drifted, left: 0 };
    },
  };
  return { story, activities };
}

const expected: DriftReport = { checked: 5, skipped: 5, drifted: [checkOf(5)] };

test.each([
  ['in one run', startTimeSkipping],
  ['in many runs', () => startDevServer({ continueAsNewAfter: 20 })],
] as const)(
  'a scan goes through the fleet a few at a time, %s',
  async (_how, start) => {
    const environment = await start();
    const { story, activities } = fleet();
    try {
      const worker = await Worker.create({
        ...{ connection: environment.nativeConnection, taskQueue: controlQueue, activities },
        workflowBundle: await workflowBundle(),
      });
      const options = { workflowId: scanDriftScheduleId, taskQueue: controlQueue, args: [{}] };
      const report = await worker.runUntil(environment.client.workflow.execute(scanDriftWorkflowType, options));
      expect(report).toEqual(expected);
      // The next checks are requested when these are done.
      expect(story).toEqual([
        ...['ask 0,1', 'follow i1', 'ask 2,3', 'follow i2', 'ask 4,5', 'follow i4,i5', 'ask 6,7', 'follow i7'],
        ...['ask 8,9', 'follow i8'],
      ]);
    } finally {
      await environment.teardown();
    }
  },
  120_000,
);
