import type { Page, PassSettings } from '../../contracts/fleet.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { ObjectFacts, StackFacts } from '../../domain/fleet/reconcile.ts';
import type { Inventory } from '../../stacks/private-server.ts';
import { stackName } from '../hosting/stack-up.ts';
import type { CloudFleetPorts } from './ports.ts';

/** Ids of the hosts that a cloud lists under the tag of each of these instances. */
export function readServers(ports: CloudFleetPorts) {
  return async (cloud: CloudName, instanceIds: string[]): Promise<Record<string, string[]>> =>
    withInventory(ports, cloud, async (inventory) => {
      const found: Record<string, string[]> = Object.fromEntries(instanceIds.map((instanceId) => [instanceId, []]));
      for (const { _id: instanceId, region } of await ports.store.instances.findMany(instanceIds)) {
        const objects = await inventory.list({ instanceId, region });
        found[instanceId] = objects.filter(({ role }) => role === 'host').map(({ id }) => id);
      }
      return found;
    });
}

/** A page of the stacks of private servers of all clouds. */
export function readStacks({ states }: CloudFleetPorts) {
  return async ({ pageSize }: PassSettings, after: string): Promise<Page<StackFacts>> =>
    pageOf(await states.list(), ({ stack }) => stack, { after, pageSize });
}

/** A page of the resources at a cloud that carry the tag of any instance, grouped by instance. */
export function readObjects(ports: CloudFleetPorts) {
  return async (cloud: CloudName, { pageSize }: PassSettings, after: string): Promise<Page<ObjectFacts>> =>
    withInventory(ports, cloud, async (inventory) => {
      const objects = await inventory.listAll();
      const facts = objects.map(({ id, role, instanceId, createdAt }) => ({ id, role, instanceId, createdAt }));
      const keyOf = ({ instanceId, id }: ObjectFacts) => `${instanceId}/${id}`;
      const sorted = facts.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      return pageOf(sorted, keyOf, { after, pageSize });
    });
}

/** Ids at the cloud in the states of these instances' stacks. */
export function readStates({ states }: CloudFleetPorts) {
  return async (instanceIds: string[]): Promise<Record<string, string[]>> => {
    const found: Record<string, string[]> = {};
    for (const instanceId of instanceIds) {
      found[instanceId] = await states.idsOf(stackName(instanceId));
    }
    return found;
  };
}

export async function withInventory<Result>(
  { inventoryOf }: CloudFleetPorts,
  cloud: CloudName,
  work: (inventory: Inventory) => Promise<Result>,
): Promise<Result> {
  const inventory = await inventoryOf(cloud);
  try {
    return await work(inventory);
  } finally {
    inventory.close();
  }
}

/** The first `pageSize` items of a sorted list after a key. */
function pageOf<Item>(
  sorted: readonly Item[],
  keyOf: (item: Item) => string,
  { after, pageSize }: { after: string; pageSize: number },
): Page<Item> {
  const rest = sorted.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, pageSize);
  const last = items.at(-1);
  return { items, next: last && rest.length > items.length ? keyOf(last) : null };
}
