import { z } from 'zod';
import type { Snapshots } from '../private-server.ts';
import { purposeTag } from '../snapshot-tags.ts';
import { createDigitaloceanApi } from './api.ts';
import { readSnapshotName, snapshotName } from './names.ts';
import { digitaloceanSettings } from './settings.ts';

const Found = z.object({ id: z.string(), name: z.string(), created_at: z.string(), resource_id: z.string() });

/**
 * Snapshots of volumes. Their names contain the owner, because an unused tag would stay in the account; their one tag
 * is the same for all snapshots of a purpose. DigitalOcean reports no state for them: a listed one is complete.
 */
export function digitaloceanSnapshots(env: NodeJS.ProcessEnv): Snapshots {
  const { FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS: pauseMs } = digitaloceanSettings(env);
  const api = createDigitaloceanApi(env);
  return {
    pauseMs,
    async list(instance) {
      const found = await api.list('snapshots?resource_type=volume', 'snapshots', Found);
      return found.flatMap(({ id, name, created_at, resource_id: volumeId }) => {
        const about = readSnapshotName(name);
        if (!about || (instance !== undefined && about.instanceId !== instance.instanceId)) return [];
        return [{ ...about, id, volumeId, createdAt: Date.parse(created_at) || 0, state: 'complete' as const }];
      });
    },
    async make({ id, resource }, desired) {
      const body = { name: snapshotName({ ...desired, resource }), tags: [purposeTag(desired.purpose)] };
      return (await api.act('POST', `volumes/${id}/snapshots`, { body, allowed: [404] })) !== 404;
    },
    async remove({ id }) {
      await api.act('DELETE', `snapshots/${id}`, { allowed: [404] });
    },
    close: () => undefined,
  };
}
