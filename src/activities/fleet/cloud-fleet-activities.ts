import { adoptObjects } from './adopt-objects.ts';
import { checkCloud } from './check-cloud.ts';
import { destroyLeftovers } from './destroy-leftovers.ts';
import { keepSnapshots } from './keep-snapshots.ts';
import type { CloudFleetPorts } from './ports.ts';
import { readObjects, readServers, readStacks, readStates } from './read-clouds.ts';
import { removeUnowned } from './remove-unowned.ts';

/** The reconcile activities of a provision worker: those that need credentials of clouds and of the engine. */
export function createCloudFleetActivities(ports: CloudFleetPorts) {
  return {
    readServers: readServers(ports),
    readStacks: readStacks(ports),
    readObjects: readObjects(ports),
    readStates: readStates(ports),
    keepSnapshots: keepSnapshots(ports),
    destroyLeftovers: destroyLeftovers(ports),
    removeUnowned: removeUnowned(ports),
    adoptObjects: adoptObjects(ports),
    checkCloud: checkCloud(ports),
  };
}
