import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import type { JudgedDrift } from '../../contracts/drift.ts';
import { checkDrift as declaration } from '../../contracts/operations/check-drift.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus } from '../../contracts/states.ts';
import type { OperationInput, OperationResult } from '../../contracts/workflow-messages.ts';
import {
  cloudReadActivities,
  controlActivities,
  mailActivities,
  pollActivities,
  stackActivities,
} from '../lib/activities.ts';
import { causeOf } from '../lib/reason-of.ts';
import { OperationEnds, openSaga } from '../lib/saga.ts';

/**
 * Compares a delivered server with the state of its stack, and repairs what can be repaired without losing data;
 * where data is concerned, or no rule applies, the server is `drifted` and an operator decides. A volume is never
 * created again.
 *
 * A scheduled check that finds no drift at a ready server leaves no trace, and one that fails is no finding: the next
 * one checks again. Ends `succeeded` with the server ready, `failed` when the check did not succeed, `cancelled` with
 * the server as it is.
 */
export async function checkDrift(input: OperationInput): Promise<OperationResult> {
  const { facts, requestedBy, from } = input;
  const isVisible = requestedBy !== 'system';
  const saga = await openSaga(declaration, input);
  const { detectDrift } = cloudReadActivities(facts.cloud, saga.deadlineOf('detect-drift'));
  let isOpen = false;
  let isReported = false;
  /** Ends when the customer was told, or their mail was given up. */
  let told: Promise<void> = Promise.resolve();
  let found: JudgedDrift;

  if (isVisible) await open();
  try {
    found = await detectDrift(
      isVisible ? { ...saga.ref, step: 'detect-drift', attempt: saga.firstAttempt('detect-drift') } : saga.ref,
    );
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
    // A server that others have repaired has to be healthy, too, before it counts as ready.
    await saga.step({
      name: 'await-healthy',
      run: (context, within) => pollActivities(within).awaitHealthy(context),
    });
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof OperationEnds)) throw error;
    // Drift that was found and not reported yet is found again by the next check.
    return end('cancelled', { instanceStatus: isReported ? 'drifted' : from, reason: 'check_ended' });
  }
  return end('succeeded', { instanceStatus: 'ready', ...(reason ? { found: reason } : {}) });

  /** Sets the server to `drifted` and reports the reason. */
  async function report(): Promise<void> {
    await saga.setInstanceStatus('drifted');
    await saga.step({
      name: 'report-drift',
      async run(context) {
        // Somebody may have repaired it before they requested the retry.
        if (context.attempt > saga.firstAttempt('report-drift')) found = await detectDrift(saga.ref);
        // After a cancel nothing is written any more.
        isReported ||= !CancellationScope.current().consideredCancelled;
        tellCustomer();
        await controlActivities().reportDrift(context, found);
      },
    });
  }

  /** Mails the customer. A mail that cannot be sent delays no repair. */
  function tellCustomer(): void {
    if (found.verdict === 'none') return;
    const sent = mailActivities().sendServerIncident(saga.ref, found, from);
    told = Promise.all([told, sent]).then(
      () => undefined,
      (error) => log.warn('the customer was not told of an incident', { error }),
    );
  }

  async function open(): Promise<void> {
    const row = { kind: declaration.kind, accountId: facts.accountId };
    await CancellationScope.nonCancellable(() => controlActivities().openOperation(saga.ref, row));
    isOpen = true;
  }

  /** `found` is what the scan gets of a server that is healthy again. */
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
    await told;
    saga.end(status, instanceStatus);
    const why = reason ?? repaired;
    return { status, instanceStatus, ...(why ? { reason: why } : {}) };
  }
}
