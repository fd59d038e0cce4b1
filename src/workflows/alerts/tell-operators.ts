import { type ActivityOptions, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { createAlertActivities } from '../../activities/alerts/alert-activities.ts';
import type { TellOperatorsInput } from '../../contracts/incidents.ts';
import { controlQueue } from '../../contracts/workflow-messages.ts';

const retried: ActivityOptions = {
  taskQueue: controlQueue,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '3 days',
  retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '30 minutes' },
};

/**
 * Tells operators about one incident, or every day about all that is open: each address by itself, so that one that
 * does not answer delays no other. An address that takes nothing for three days fails this workflow.
 */
export async function tellOperators({ incidentId }: TellOperatorsInput): Promise<void> {
  const { alertTargets, tellTarget } = proxyActivities<ReturnType<typeof createAlertActivities>>(retried);
  const id = incidentId ?? `open.${workflowInfo().startTime.getTime()}`;
  const message = { id, ...(incidentId ? { incidentId } : {}) };
  const targets = await alertTargets(message);
  const outcomes = await Promise.allSettled(targets.map((target) => tellTarget(message, target)));
  const failed = outcomes.filter(({ status }) => status === 'rejected');
  setCurrentDetails(`${targets.length - failed.length} of ${targets.length} addresses told`);
  for (const outcome of failed) if (outcome.status === 'rejected') throw outcome.reason;
}
