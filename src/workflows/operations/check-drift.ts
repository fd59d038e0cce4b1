import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { JudgedDrift } from '../../contracts/drift.ts';
import { checkDrift as declaration } from '../../contracts/operations/check-drift.ts';
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
 * A look that finds nothing amiss with a ready server leaves no trace unless somebody asked for it, and one that does not
 * succeed is no finding: the next check looks again. Ends `succeeded` with the server ready, `failed` when the look did
 * not succeed, `cancelled` with the server as it is.
 */
export async function checkDrift(input: OperationInput): Promise<OperationResult> {
  const { facts, run, requestedBy, from } = input;
  const isVisible = requestedBy !== 'system';
  const saga = await openSaga(declaration, input);
  const { detectDrift } = cloudReadActivities(facts.cloud, saga.deadlineOf('detect-drift'));
  let isOpen = false;
  let isReported = false;
  let found: JudgedDrift;

  if (isVisible) await open();
  try {
    found = await detectDrift(isVisible ? { ...saga.ref, step: 'detect-drift', attempt: run } : saga.ref);
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
      const { requiredVolumeIds } = found;
      await saga.step({
        name: 'repair-stack',
        run: (context, within) => stackActivities(facts.cloud, within).repairStack(context, requiredVolumeIds),
      });
    }
    // Also a server that others have put right has to be seen well before it counts as ready.
    await saga.step({
      name: 'await-healthy',
      run: (context, within) => pollActivities(within).awaitHealthy(context),
    });
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof OperationEnds)) throw error;
    // What was found and not told yet is found again by the next check.
    return end('cancelled', { instanceStatus: isReported ? 'drifted' : from, reason: 'check_ended' });
  }
  return end('succeeded', { instanceStatus: 'ready', ...(reason ? { found: reason } : {}) });

  /** The server is `drifted` from here on, and people read why. */
  async function report(): Promise<void> {
    await saga.setInstanceStatus('drifted');
    await saga.step({
      name: 'report-drift',
      async run(context) {
        // Somebody put something right before they had it tried again.
        if (context.attempt > run) found = await detectDrift(saga.ref);
        // After a cancel nothing is written any more.
        isReported ||= !CancellationScope.current().consideredCancelled;
        await controlActivities().reportDrift(context, found);
      },
    });
  }

  async function open(): Promise<void> {
    const row = { kind: declaration.kind, accountId: facts.accountId };
    await CancellationScope.nonCancellable(() => controlActivities().openOperation(saga.ref, row));
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
      await saga.note({ status, ...(reason ? { reason } : {}), ...(isWellAgain ? { instanceStatus } : {}) });
    });
    saga.end(status, instanceStatus);
    const why = reason ?? repaired;
    return { status, instanceStatus, ...(why ? { reason: why } : {}) };
  }
}
