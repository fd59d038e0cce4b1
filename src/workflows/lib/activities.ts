import {
  ActivityCancellationType,
  type ActivityOptions,
  CancellationScope,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { createBillingActivities } from '../../activities/billing/billing-activities.ts';
import type { createHealthActivities } from '../../activities/hosting/health-activities.ts';
import type { createStackActivities } from '../../activities/hosting/stack-activities.ts';
import type { createLicensingActivities } from '../../activities/licensing/licensing-activities.ts';
import type { createMailActivities } from '../../activities/mail/mail-activities.ts';
import type { createRecordsActivities } from '../../activities/records/records-activities.ts';
import type { OperationTimes } from '../../contracts/operations/registry.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { StepName } from '../../contracts/steps.ts';
import { controlQueue, type OperationInput, provisionQueue } from '../../contracts/workflow-messages.ts';

type ControlActivities = ReturnType<typeof createBillingActivities> &
  ReturnType<typeof createHealthActivities> &
  ReturnType<typeof createLicensingActivities> &
  ReturnType<typeof createMailActivities> &
  ReturnType<typeof createRecordsActivities>;
type StackActivities = ReturnType<typeof createStackActivities>;

/** A cancelled step has ended before its undo begins; by default the SDK does not wait for that. */
const waitForEnd: ActivityOptions = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };

/** Silence of a control worker after which another one gets the activity; each sends a heartbeat every 2 s. */
const heartbeat: ActivityOptions = { heartbeatTimeout: '10 seconds' };

/** Retried until it works or the step's deadline, where it has one, passes. */
const retriedActivity: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  ...heartbeat,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  ...waitForEnd,
};

/** The deadline of a forward step including all retries; none for undo steps and records. */
export interface Within {
  deadlineMs?: number;
}

function deadline({ deadlineMs }: Within): ActivityOptions {
  return deadlineMs === undefined ? {} : { scheduleToCloseTimeout: deadlineMs };
}

/**
 * Deadlines and windows from the configuration of the worker that begins the operation. One event of the history; not
 * cancellable.
 */
export function loadTimes(): Promise<OperationTimes> {
  const local = proxyLocalActivities<Pick<ControlActivities, 'loadTimes'>>({ startToCloseTimeout: '10 seconds' });
  return CancellationScope.nonCancellable(() => local.loadTimes());
}

/** The latest attempt of each step that earlier runs of the operation recorded; empty in the first run. Not cancellable. */
export async function latestAttempts({ operationId, run }: OperationInput): Promise<Partial<Record<StepName, number>>> {
  if (run === 1) return {};
  return CancellationScope.nonCancellable(() => controlActivities().latestAttempts(operationId));
}

/** Short activities of the control worker. */
export function controlActivities(within: Within = {}) {
  return proxyActivities<ControlActivities>({ taskQueue: controlQueue, ...retriedActivity, ...deadline(within) });
}

/**
 * A read at Stripe that is repeated by its own retry delays. A cancel does not wait for it: what it writes about an
 * order that is being cancelled it takes back.
 */
export function paymentActivities() {
  return proxyActivities<Pick<ControlActivities, 'awaitPayment'>>({
    taskQueue: controlQueue,
    ...retriedActivity,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}

/** Activities that poll from outside for up to 20 s an attempt. */
export function pollActivities(within: Within) {
  return proxyActivities<Pick<ControlActivities, 'awaitHealthy' | 'awaitActivation'>>({
    taskQueue: controlQueue,
    startToCloseTimeout: '1 minute',
    ...heartbeat,
    ...waitForEnd,
    retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1.5, maximumInterval: '15 seconds' },
    ...deadline(within),
  });
}

/** Ten tries, then an operator decides. */
export function mailActivities() {
  return proxyActivities<
    Pick<
      ControlActivities,
      | 'sendMail'
      | 'sendOrderLink'
      | 'sendOutcomeMail'
      | 'sendLateRefund'
      | 'sendServerIncident'
      | 'mailAgain'
      | 'tellReplacedAddress'
    >
  >({
    taskQueue: controlQueue,
    startToCloseTimeout: '1 minute',
    ...heartbeat,
    ...waitForEnd,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes', maximumAttempts: 10 },
  });
}

/** A background read at a cloud: behind the customers' operations where the server supports priorities. */
export function cloudReadActivities(cloud: CloudName, within: Within) {
  return proxyActivities<Pick<StackActivities, 'detectDrift'>>({
    taskQueue: provisionQueue(cloud),
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '30 seconds',
    ...waitForEnd,
    retry: { initialInterval: '10 seconds', backoffCoefficient: 2, maximumInterval: '2 minutes' },
    priority: { priorityKey: 5 },
    ...deadline(within),
  });
}

/** A read of the machines' consoles for operators: it may wait for a worker, and is given up soon. */
export function consoleActivities(cloud: CloudName) {
  return proxyActivities<Pick<StackActivities, 'readConsole'>>({
    taskQueue: provisionQueue(cloud),
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '30 seconds',
    scheduleToCloseTimeout: '10 minutes',
    ...waitForEnd,
    retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumAttempts: 3 },
    priority: { priorityKey: 5 },
  });
}

/**
 * Pulumi operations on the queue of their cloud; heartbeats every 3 s deliver a cancel, and nine may be lost on a
 * busy machine.
 */
export function stackActivities(cloud: CloudName, within: Within = {}) {
  return proxyActivities<StackActivities>({
    taskQueue: provisionQueue(cloud),
    startToCloseTimeout: '90 minutes',
    heartbeatTimeout: '30 seconds',
    ...waitForEnd,
    retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '2 minutes' },
    ...deadline(within),
  });
}
