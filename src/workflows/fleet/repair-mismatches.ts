import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ActivityFailure, isCancellation, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { Mismatch, ReconcileProgress } from '../../contracts/fleet.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { type LatePayment, latePaymentWorkflowId } from '../../contracts/workflow-messages.ts';
import { textsOf } from '../../texts/texts.ts';
import { settleLatePayment } from '../billing/settle-late-payment.ts';
import { cloudRepair, fleetActivities } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';

/**
 * Repairs one mismatch after the other; a failed repair stays an open ticket for the next pass. Before each repair it
 * calls `between`, which may continue as new with the rest.
 */
export async function repairAll(progress: ReconcileProgress, between: () => Promise<void>): Promise<void> {
  const { repairable, report } = progress;
  while (repairable.length > 0) {
    await between();
    const mismatch = repairable.shift()!;
    try {
      if (!(await repair(mismatch, progress))) continue;
      await fleetActivities().noteRepaired(mismatch);
      report.repaired += 1;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      log.warn('a repair failed', { kind: mismatch.kind, subject: mismatch.subject, ...causeOf(error, 'internal') });
    }
  }
}

async function repair(mismatch: Mismatch, progress: ReconcileProgress): Promise<boolean> {
  const { settings, done } = progress;
  const { allowed, money } = await fleetActivities().permitRepair(mismatch, settings);
  if (!allowed) return false;
  switch (mismatch.repair) {
    case 'settle_money':
      if (!money) return false;
      if (!done.includes(money.orderId)) await settleMoney(money);
      done.push(money.orderId);
      return true;
    case 'release_hold':
      await fleetActivities().releaseHold(mismatch);
      return true;
    case 'revoke_licence':
      await fleetActivities().revokeLeftLicence(mismatch);
      return true;
    case 'destroy_leftovers':
      return onceAtTheCloud(mismatch, progress, (queue, id) => cloudRepair(queue).destroyLeftovers(id, settings));
    case 'remove_unowned':
      return onceAtTheCloud(mismatch, progress, (queue, id) => cloudRepair(queue).removeUnowned(queue, id, settings));
    case 'adopt_objects':
      return onceAtTheCloud(mismatch, progress, (queue, id) => cloudRepair(queue).adoptObjects(id, settings));
    case null:
      return false;
  }
}

/** The settlement of an ended order is a workflow of its own, which may run already and outlives the pass. */
async function settleMoney(latePayment: LatePayment): Promise<void> {
  try {
    await startChild(settleLatePayment, {
      workflowId: latePaymentWorkflowId(latePayment),
      args: [latePayment],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: textsOf('en').details.summaries.latePayment({ orderId: latePayment.orderId }),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** One repair covers the stack and all resources that carry the tag of its instance. */
async function onceAtTheCloud(
  { instanceId, cloud }: Mismatch,
  progress: ReconcileProgress,
  work: (queue: CloudName, instanceId: string) => Promise<boolean>,
): Promise<boolean> {
  const { settings, done } = progress;
  const [anyCloud] = settings.clouds;
  const queue = cloud ?? anyCloud;
  if (instanceId === undefined || queue === undefined) return false;
  if (done.includes(instanceId)) return true;
  if (!(await work(queue, instanceId))) return false;
  done.push(instanceId);
  return true;
}
