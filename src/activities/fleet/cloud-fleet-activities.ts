import type { CloudReport } from '../../contracts/clouds.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { CloudStacks, Inventory, Snapshots } from '../../stacks/private-server.ts';
import type { StackStates } from '../../stacks/stack-states.ts';
import type { Store } from '../../store/store.ts';
import type { StackPorts } from '../hosting/stack-activities.ts';
import { adoptObjects } from './adopt-objects.ts';
import { checkCloud } from './check-cloud.ts';
import { destroyLeftovers } from './destroy-leftovers.ts';
import { keepSnapshots } from './keep-snapshots.ts';
import { readObjects, readServers, readStacks, readStates } from './read-clouds.ts';
import { removeUnowned } from './remove-unowned.ts';

export interface CloudFleetPorts {
  store: Pick<Store, 'orders' | 'instances' | 'operations' | 'holds'>;
  inventoryOf(cloud: CloudName): Promise<Inventory>;
  /** The snapshots at a cloud that we make ourselves, and who makes the daily ones. */
  snapshotsOf(cloud: CloudName): Promise<Pick<CloudStacks, 'dailySnapshots'> & { snapshots: Snapshots }>;
  states: StackStates;
  runStack: StackPorts['runStack'];
  /** Looks at a cloud as we are known there; never throws. */
  inspect(cloud: CloudName): Promise<CloudReport>;
}

/** The provision worker's part of comparing the systems: what needs the credentials of clouds and of the engine. */
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
