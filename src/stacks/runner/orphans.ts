import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Inventory, TaggedObject } from '../private-server.ts';
import type { StackContext } from './stack-context.ts';

/**
 * Objects with the instance's tag that are missing from its state: created by an attempt that died before it could
 * record them, or duplicated by a repeated create on a cloud without create tokens.
 */

/** Objects to import, as ids by logical name. */
export type Adoption = ReadonlyMap<string, string>;

/**
 * What happens to orphans. Before the pivot everything is rebuilt anyway, so they are deleted. After it they may hold a
 * customer's data: nothing is deleted; an object is imported if its logical name is free and no other claims it; the
 * rest needs an operator.
 */
export function planOrphans(
  orphans: readonly TaggedObject[],
  { takenNames, delivered }: { takenNames: ReadonlySet<string>; delivered: boolean },
): { remove: readonly TaggedObject[]; adopt: Adoption; leave: readonly TaggedObject[] } {
  if (!delivered) return { remove: orphans, adopt: new Map(), leave: [] };
  const claims = (name: string) => orphans.filter(({ resource }) => resource === name).length;
  const isFree = ({ resource }: TaggedObject) => resource !== '' && !takenNames.has(resource) && claims(resource) === 1;
  return {
    remove: [],
    adopt: new Map(orphans.filter(isFree).map(({ resource, id }) => [resource, id])),
    leave: orphans.filter((object) => !isFree(object)),
  };
}

/** Opens the cloud's inventory for some work. */
async function withInventory<T>({ cloud }: StackContext, work: (inventory: Inventory) => Promise<T>): Promise<T> {
  const inventory = cloud.inventory(process.env);
  try {
    return await work(inventory);
  } finally {
    inventory.close();
  }
}

/**
 * Waits until lists show everything created up to `sinceMs` ago; by default up to now, because requests of an earlier
 * attempt's processes count from their end.
 */
export async function waitForLists(context: StackContext, sinceMs = 0): Promise<void> {
  const lagMs = await withInventory(context, async (inventory) => inventory.listingLagMs);
  if (lagMs > sinceMs) await delay(lagMs - sinceMs, undefined, { signal: context.signal });
}

/**
 * The objects of the instance, and before the pivot those without an owner, that are not known by id. Case is ignored:
 * Azure spells its ids inconsistently, and no cloud has two ids that differ only in case.
 */
export async function findOrphans(context: StackContext, known: ReadonlySet<string>): Promise<TaggedObject[]> {
  const { spec, delivered } = context.request;
  const listed = await withInventory(context, async (inventory) => {
    const owned = await inventory.list(spec);
    // After the pivot nothing is deleted, so objects without an owner do not matter here.
    const unowned = delivered ? [] : ((await inventory.listUnowned?.(spec.region, context.signal)) ?? []);
    return [...owned, ...unowned];
  });
  const spelled = new Set([...known].map((id) => id.toLowerCase()));
  return listed.filter(({ id }) => !spelled.has(id.toLowerCase()));
}

/** Removes objects, one after the other in the given order. */
export async function removeOrphans(context: StackContext, orphans: readonly TaggedObject[]): Promise<void> {
  if (orphans.length === 0) return;
  await withInventory(context, async (inventory) => {
    for (const object of orphans) {
      context.signal.throwIfAborted();
      context.reporter.log('warning', `removes ${describe(object)}, which is in no state`);
      await inventory.remove(object);
    }
  });
}

/** Throws `unknown_objects`, naming them, if there are any. */
export function refuseOrphans(orphans: readonly TaggedObject[]): void {
  if (orphans.length > 0) throw new ReasonError('unknown_objects', orphans.map(describe).join(', '));
}

function describe({ kind, resource, id }: TaggedObject): string {
  return `${kind} ${resource} (${id})`;
}
