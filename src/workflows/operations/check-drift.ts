import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { JudgedDrift } from '../../contracts/drift.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus } from '../../contracts/states.ts';
import type { OperationInput, OperationResult } from '../../contracts/workflow-messages.ts';
import { cloudReadActivities, controlActivities, pollActivities, stackActivities } from '../lib/activities.ts';
import { causeOf } from '../lib/reason-of.ts';
import { OperationEnds, openSaga } from '../lib/saga.ts';

/**
 * Compares a delivered server with what its stack says, and repairs what can be repaired without losing anything; where
 * data is concerned, or nobody has a rule, the server is `drifted` and a person decides. A volume is never made anew.
 *
 * A look that finds nothing amiss with a ready server leaves no trace unless somebody asked for it, and one that does not succeed is no finding: the
 * next check looks again. Ends `succeeded` with the server ready, `failed` when the look did not succeed, `cancelled` with
 * the server as it is.
 */
export async function checkDrift(input: OperationInput): Promise<OperationResult> {
  const { facts, times, run, asked = false, from = 'ready' } = input;
  const saga = openSaga(input, 'check-drift');
  // The server is its customer's: nothing here is undone, and a step that waits for people waits as long as they need.
  saga.pivot();
  const detectDrift = cloudReadActivities(facts.cloud, {
    deadlineMs: times.detectDriftMs ?? defaultDetectDriftMs,
  }).detectDrift;
  let isOpen = false;
  let found: JudgedDrift;

  if (asked) await open();
  try {
    found = await detectDrift(asked ? { ...saga.place, step: 'detect-drift', attempt: run } : saga.place);
  } catch (error) {
    if (isCancellation(error)) return end('cancelled', { instanceStatus: from, reason: 'check_ended' });
    return end('failed', { instanceStatus: from, reason: causeOf(error, 'cloud_unavailable').reason });
  }
  if (found.verdict === 'none' && from !== 'drifted') return end('succeeded', { instanceStatus: 'ready' });

  const reason = found.verdict === 'none' ? undefined : found.reason;
  try {
    if (!isOpen) await open();
    if (reason !== undefined) await report();
    if (found.verdict === 'repairable') {
      const { requiredVolumeIds: keeps } = found;
      await saga.step({
        name: 'repair-stack',
        run: (context) => stackActivities(facts.cloud, { deadlineMs: times.stackUpMs }).repairStack(context, keeps),
        onTimeout: 'stack_failed',
      });
    }
    // Also a server that others have put right has to be seen well before it counts as ready.
    await saga.step({
      name: 'await-healthy',
      run: pollActivities({ deadlineMs: times.awaitHealthyMs }).awaitHealthy,
      onTimeout: 'host_unhealthy',
    });
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof OperationEnds)) throw error;
    return end('cancelled', { instanceStatus: 'drifted', reason: 'check_ended' });
  }
  return end('succeeded', { instanceStatus: 'ready', ...(reason ? { found: reason } : {}) });

  /** The server is `drifted` from here on, and people read why. */
  async function report(): Promise<void> {
    await saga.become('drifted');
    await saga.step({
      name: 'report-drift',
      async run(context) {
        // Somebody put something right before he had it tried again.
        if (context.attempt > run) found = await detectDrift(saga.place);
        await controlActivities().reportDrift(context, found);
      },
      onTimeout: 'cloud_unavailable',
    });
  }

  async function open(): Promise<void> {
    await controlActivities().openOperation(saga.place, { kind: 'check-drift', accountId: facts.accountId });
    isOpen = true;
  }

  /** `found` is what the scan hears of a server that is well again. */
  async function end(
    status: 'succeeded' | 'failed' | 'cancelled',
    outcome: { instanceStatus: InstanceStatus; reason?: ReasonCode; found?: ReasonCode },
  ): Promise<OperationResult> {
    const { instanceStatus, reason, found: repaired } = outcome;
    const isWellAgain = instanceStatus === 'ready' && (from === 'drifted' || repaired !== undefined);
    await CancellationScope.nonCancellable(async () => {
      if (!isOpen) return;
      const news = { status, ...(reason ? { reason } : {}), ...(isWellAgain ? { instanceStatus } : {}) };
      await controlActivities().noteOperation(saga.place, news);
    });
    saga.end(status, instanceStatus);
    const why = reason ?? repaired;
    return { status, instanceStatus, ...(why ? { reason: why } : {}) };
  }
}

/** How long a look may take with its tries, where the instance began before it could be set. */
const defaultDetectDriftMs = 15 * 60_000;
