import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy, WorkflowNotFoundError } from '@temporalio/client';
import {
  orphanSweepScheduleId,
  type ReconcileInput,
  reconcileScheduleId,
  reconcileWorkflowType,
} from '../contracts/fleet.ts';
import { type KeepSnapshotsInput, keepSnapshotsScheduleId, keepSnapshotsWorkflowType } from '../contracts/snapshots.ts';
import { controlQueue, instanceWorkflowId, stateQuery } from '../contracts/workflow-messages.ts';

/** Whether the entity of an instance runs an operation or has one waiting; not when its workflow has ended. */
export function entityIsRunning(client: Client) {
  return async (instanceId: string): Promise<boolean> => {
    const handle = client.workflow.getHandle(instanceWorkflowId(instanceId));
    try {
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') return false;
      const { running, queue } = await handle.query(stateQuery);
      return running !== null || queue.length > 0;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
}

/** The longest that one pass may take; a schedule starts none while one runs. */
const longestPass = '6 hours';

/**
 * Creates the schedules of the fleet, or brings them up to this configuration; a schedule that somebody paused stays
 * paused. Intervals in ms.
 */
export async function keepSchedules(
  client: Client,
  every: { reconcileMs: number; orphanSweepMs: number; snapshotsMs: number },
): Promise<void> {
  await keep(client, {
    scheduleId: reconcileScheduleId,
    every: every.reconcileMs,
    workflowType: reconcileWorkflowType,
    input: { parts: ['records'], repair: true },
    summary: 'Orders, Stripe, licences, names and DNS are compared',
  });
  await keep(client, {
    scheduleId: orphanSweepScheduleId,
    every: every.orphanSweepMs,
    workflowType: reconcileWorkflowType,
    input: { parts: ['cloud'], repair: true },
    summary: 'What the clouds and the engine hold is compared with our records',
  });
  await keep(client, {
    scheduleId: keepSnapshotsScheduleId,
    every: every.snapshotsMs,
    workflowType: keepSnapshotsWorkflowType,
    input: {},
    summary: 'Snapshots of the day are made, those whose last day is over removed',
  });
}

interface FleetSchedule {
  scheduleId: string;
  every: number;
  workflowType: string;
  input: ReconcileInput | KeepSnapshotsInput;
  summary: string;
}

async function keep(client: Client, { scheduleId, every, workflowType, input, summary }: FleetSchedule): Promise<void> {
  const spec = { intervals: [{ every }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType,
    workflowId: scheduleId,
    taskQueue: controlQueue,
    args: [input],
    workflowExecutionTimeout: longestPass,
    staticSummary: summary,
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP };
  try {
    await client.schedule.create({ scheduleId, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ spec, action, policies, state }));
  }
}
