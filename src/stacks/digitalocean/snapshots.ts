import { z } from 'zod';
import type { Snapshots } from '../private-server.ts';
import { purposeTag } from '../snapshot-tags.ts';
import { createDigitaloceanApi } from './api.ts';
import { readSnapshotName, snapshotName } from './names.ts';
import { digitaloceanSettings } from './settings.ts';

const Found = z.object({ id: z.string(), name: z.string(), created_at: z.string(), resource_id: z.string() });

/**
 * Snapshots of volumes. Their names say whose they are, because a tag that nothing carries any more stays in the account;
 * the one tag that they have is the same for all of a purpose. DigitalOcean tells no state of them: one that is listed is
 * complete.
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
