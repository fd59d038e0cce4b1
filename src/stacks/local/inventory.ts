import { z } from 'zod';
import type { Inventory, TaggedObject } from '../private-server.ts';
import { type Kind, kinds } from './cloud-api.ts';
import { openCloud } from './open-cloud.ts';

const roles: Readonly<Record<Kind, TaggedObject['role']>> = {
  hosts: 'host',
  records: 'record',
  volumes: 'volume',
  addresses: 'other',
};

/** Its own lists are never late; emulators of other clouds are as late as configured. */
const ListingLag = z.coerce.number().int().min(0).default(0);

/**
 * The objects of an instance at the small cloud, by tag. Hosts come first in the list, so that the objects they use are
 * free when their turn comes. Throws `cloud_unavailable` if the cloud does not answer.
 */
export function localInventory(env: NodeJS.ProcessEnv): Inventory {
  const { cloud, orUnavailable } = openCloud(env);

  /** Objects of every kind that carry the tag of this instance, or of any. */
  async function owned(owner?: string) {
    const filter = owner === undefined ? {} : { tag: ['freehold:instance', owner] as const };
    const lists = kinds.map(async (kind) => {
      const found = await orUnavailable(cloud.list(kind, filter));
      return found.flatMap(({ id, tags, createdAt }) => {
        const { 'freehold:instance': instanceId, 'freehold:resource': resource = '' } = tags;
        if (instanceId === undefined) return [];
        return { id, kind, resource, role: roles[kind], instanceId, createdAt: Date.parse(createdAt) };
      });
    });
    return (await Promise.all(lists)).flat();
  }

  return {
    listingLagMs: ListingLag.parse(env.LOCAL_CLOUD_LISTING_LAG_MS || undefined),
    list: ({ instanceId }) => owned(instanceId),
    listAll: () => owned(),
    remove: (object) => orUnavailable(cloud.remove(object.kind as Kind, object.id)),
    close: cloud.close,
  };
}
