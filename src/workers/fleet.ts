import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import type { DriftChecks } from '../activities/fleet/ports.ts';
import { type ScanDriftInput, scanDriftScheduleId, scanDriftWorkflowType } from '../contracts/drift.ts';
import {
  orphanSweepScheduleId,
  type ReconcileInput,
  reconcileScheduleId,
  reconcileWorkflowType,
} from '../contracts/fleet.ts';
import { dailyLookScheduleId, type TellOperatorsInput, tellOperatorsWorkflowType } from '../contracts/incidents.ts';
import { checkDrift } from '../contracts/operations/check-drift.ts';
import { type KeepSnapshotsInput, keepSnapshotsScheduleId, keepSnapshotsWorkflowType } from '../contracts/snapshots.ts';
import {
  controlQueue,
  instanceWorkflowId,
  type OperationResult,
  operationWorkflowId,
  requestUpdate,
  stateQuery,
} from '../contracts/workflow-messages.ts';
import { textsOf } from '../texts/texts.ts';

/** Whether the entity of an instance runs an operation or has one queued; false when its workflow has ended. */
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

/** Connects a drift scan with the entities of instances. */
export function driftChecksBy(client: Client): Pick<DriftChecks, 'ask' | 'stateOf'> {
  return {
    async ask({ instanceId, operationId }, updateId) {
      try {
        const handle = client.workflow.getHandle(instanceWorkflowId(instanceId));
        const accepted = await handle.executeUpdate(requestUpdate(checkDrift.kind), {
          args: [{ operationId, requestedBy: 'system' }],
          updateId,
        });
        return accepted.operationId;
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },
    async stateOf({ instanceId, operationId }) {
      const check = client.workflow.getHandle(operationWorkflowId(instanceId, operationId));
      try {
        const { status } = await check.describe();
        if (status.name === 'RUNNING') {
          const state = await client.workflow.getHandle(instanceWorkflowId(instanceId)).query(stateQuery);
          return state.status === 'drifted' ? 'drifted' : 'checking';
        }
        if (status.name !== 'COMPLETED') return 'skipped';
        const result = (await check.result()) as OperationResult;
        if (result.status !== 'succeeded') return result.instanceStatus === 'drifted' ? 'drifted' : 'skipped';
        return result.reason ? 'drifted' : 'healthy';
      } catch (error) {
        // It is still queued.
        if (error instanceof WorkflowNotFoundError) return 'checking';
        throw error;
      }
    },
  };
}

/** Maximum duration of a pass; a schedule starts none while one runs. */
const longestPass = '6 hours';
/** A scan covers the whole fleet a few servers at a time, and starts over when it times out. */
const longestScan = '7 days';

/** Creates or updates the schedules of the fleet; a paused schedule stays paused. Intervals in ms. */
export async function applySchedules(
  client: Client,
  every: { reconcileMs: number; orphanSweepMs: number; snapshotsMs: number; driftMs: number; dailyLookMs: number },
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
  await keep(client, {
    scheduleId: scanDriftScheduleId,
    every: every.driftMs,
    workflowType: scanDriftWorkflowType,
    longest: longestScan,
    input: {},
    summary: 'Delivered servers are compared with their stacks',
  });
  await keep(client, {
    scheduleId: dailyLookScheduleId,
    every: every.dailyLookMs,
    // By default at 6:00 UTC: before the working day of those who read it.
    offset: every.dailyLookMs / 4,
    workflowType: tellOperatorsWorkflowType,
    longest: longestScan,
    input: {},
    summary: textsOf('en').details.summaries.dailyLook,
  });
}

interface FleetSchedule {
  scheduleId: string;
  every: number;
  /** Delay of each run after the start of its interval. */
  offset?: number;
  workflowType: string;
  input: ReconcileInput | KeepSnapshotsInput | ScanDriftInput | TellOperatorsInput;
  /** Maximum duration of a run; that of a pass where absent. */
  longest?: Duration;
  summary: string;
}

async function keep(
  client: Client,
  { scheduleId, every, offset = 0, workflowType, input, longest = longestPass, summary }: FleetSchedule,
): Promise<void> {
  const spec = { intervals: [{ every, offset }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType,
    workflowId: scheduleId,
    taskQueue: controlQueue,
    args: [input],
    workflowExecutionTimeout: longest,
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
