import { ReasonError } from '../../contracts/reasons.ts';
import type { Snapshots } from '../private-server.ts';
import { readSnapshotTags, snapshotTagsOf } from '../snapshot-tags.ts';
import { createCloudClient } from './cloud-client.ts';

/** Copies of volumes at the small cloud, which has no daily ones. */
export function localSnapshots(env: NodeJS.ProcessEnv): Snapshots {
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
    pauseMs: 100,
    async list(instance) {
      const found = await orUnavailable(cloud.snapshots());
      return found.flatMap(({ id, volumeId, tags, createdAt }) => {
        const about = readSnapshotTags(tags);
        if (!about || (instance !== undefined && about.instanceId !== instance.instanceId)) return [];
        return [{ ...about, id, volumeId, createdAt: Date.parse(createdAt), state: 'complete' as const }];
      });
    },
    make: async ({ id, resource }, wish) =>
      (await orUnavailable(cloud.makeSnapshot({ volumeId: id, tags: snapshotTagsOf({ ...wish, resource }) }))) !== null,
    remove: ({ id }) => orUnavailable(cloud.removeSnapshot(id)),
    close: cloud.close,
  };
}
