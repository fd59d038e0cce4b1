import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { createCloudFleetActivities } from '../../activities/fleet/cloud-fleet-activities.ts';
import type { createFleetActivities } from '../../activities/fleet/fleet-activities.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { controlQueue, provisionQueue } from '../../contracts/workflow-messages.ts';

type FleetActivities = ReturnType<typeof createFleetActivities>;
type CloudFleetActivities = ReturnType<typeof createCloudFleetActivities>;

/** Maximum time that a pass waits for a system that does not respond; the next pass reads it again. */
const retriedActivity: ActivityOptions = {
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds', maximumAttempts: 5 },
};

/** Reads and repairs of the control worker. */
export function fleetActivities() {
  return proxyActivities<FleetActivities>({ taskQueue: controlQueue, ...retriedActivity });
}

/** Waits for the checks that a scan requested; each sends a heartbeat every 2 s. */
export function driftFollow() {
  return proxyActivities<Pick<FleetActivities, 'followDriftChecks'>>({
    taskQueue: controlQueue,
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: '30 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumAttempts: 5 },
  });
}

/** Reads of a provision worker at a cloud. */
export function cloudFleetActivities(cloud: CloudName) {
  return proxyActivities<CloudFleetActivities>({
    taskQueue: provisionQueue(cloud),
    heartbeatTimeout: '30 seconds',
    ...retriedActivity,
  });
}

/** Repairs of a provision worker at stacks and clouds; heartbeats deliver a cancel. */
export function cloudRepair(cloud: CloudName) {
  return proxyActivities<Pick<CloudFleetActivities, 'destroyLeftovers' | 'removeUnowned' | 'adoptObjects'>>({
    taskQueue: provisionQueue(cloud),
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '30 seconds',
    retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumAttempts: 3 },
  });
}

/** A check of a cloud; where no worker takes it soon, none serves that cloud. */
export function cloudCheckActivities(cloud: CloudName) {
  return proxyActivities<Pick<CloudFleetActivities, 'checkCloud'>>({
    taskQueue: provisionQueue(cloud),
    scheduleToStartTimeout: '15 seconds',
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '30 seconds',
    retry: { maximumAttempts: 2 },
  });
}
