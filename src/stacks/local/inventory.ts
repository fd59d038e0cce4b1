import { ReasonError } from '../../contracts/reasons.ts';
import type { Inventory } from '../private-server.ts';
import { type Kind, kinds } from './cloud-api.ts';
import { createCloudClient } from './cloud-client.ts';

/**
 * What the small cloud holds of an instance, by tag. Hosts come first in the list, so that what they use is free when
 * its turn comes. Throws `cloud_unavailable` when the cloud does not answer.
 */
export function localInventory(env: NodeJS.ProcessEnv): Inventory {
  const { LOCAL_CLOUD_URL: url, LOCAL_CLOUD_TOKEN: token } = env;
  if (!url || !token) throw new ReasonError('internal', 'LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN must be set');
  const cloud = createCloudClient({ url, token });

  async function orUnavailable<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw new ReasonError('cloud_unavailable', error instanceof Error ? error.message : String(error), {
        cause: error,
      });
    }
  }

  return {
    async list(instanceId) {
      const tag = ['freehold:instance', instanceId] as const;
      const lists = kinds.map(async (kind) => {
        const found = await orUnavailable(cloud.list(kind, { tag }));
        return found.map(({ id, tags }) => ({ id, kind, resource: tags['freehold:resource'] ?? '' }));
      });
      return (await Promise.all(lists)).flat();
    },
    remove: (object) => orUnavailable(cloud.remove(object.kind as Kind, object.id)),
    close: cloud.close,
  };
}
