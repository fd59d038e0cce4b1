import type { Snapshots } from '../private-server.ts';
import { readSnapshotTags, snapshotTagsOf } from '../snapshot-tags.ts';
import { openCloud } from './open-cloud.ts';

/** Copies of volumes at the small cloud, which has no daily ones. */
export function localSnapshots(env: NodeJS.ProcessEnv): Snapshots {
  const { cloud, orUnavailable } = openCloud(env);

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
    make: async ({ id, resource }, desired) =>
      (await orUnavailable(cloud.makeSnapshot({ volumeId: id, tags: snapshotTagsOf({ ...desired, resource }) }))) !==
      null,
    remove: ({ id }) => orUnavailable(cloud.removeSnapshot(id)),
    close: cloud.close,
  };
}
