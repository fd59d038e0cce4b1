import { z } from 'zod';
import type { Snapshots, VolumeSnapshot } from '../private-server.ts';
import { readSnapshotTags, snapshotTagsOf } from '../snapshot-tags.ts';
import { createAzureClient } from './clients.ts';
import { idIn, physicalName } from './names.ts';
import { azureSettings } from './settings.ts';

const version = '2024-03-02';
const type = 'Microsoft.Compute/snapshots';

const Found = z.object({
  id: z.string(),
  name: z.string(),
  tags: z
    .record(z.string(), z.string())
    .nullish()
    .transform((tags) => tags ?? {}),
  properties: z.object({
    timeCreated: z.string().default(''),
    provisioningState: z.string().default(''),
    creationData: z.object({ sourceResourceId: z.string().default('') }),
  }),
});
const states: Readonly<Record<string, VolumeSnapshot['state']>> = { Succeeded: 'complete', Failed: 'failed' };

/**
 * Snapshots of disks, in the installation's group, because the server's is deleted with it; the vault takes the daily
 * ones.
 */
export function azureSnapshots(env: NodeJS.ProcessEnv): Snapshots {
  const settings = azureSettings(env);
  const client = createAzureClient(env);
  const groupPath = idIn(settings, type);
  return {
    pauseMs: settings.removePauseMs,
    async list(instance) {
      const found = await client.listAll(Found, client.urlOf(groupPath, version));
      return found.flatMap(({ name, tags, properties }) => {
        const about = readSnapshotTags(tags);
        if (!about || (instance !== undefined && about.instanceId !== instance.instanceId)) return [];
        const { timeCreated, provisioningState, creationData } = properties;
        const times = { createdAt: Date.parse(timeCreated) || 0, state: states[provisioningState] ?? 'pending' };
        return [{ ...about, ...times, id: `${groupPath}/${name}`, volumeId: creationData.sourceResourceId }];
      });
    },
    async make({ id, resource }, desired) {
      const name = physicalName(desired.instanceId, `${resource}-${desired.purpose}-${desired.keepUntil}`);
      const body = {
        location: desired.region,
        sku: { name: 'Standard_LRS' },
        tags: snapshotTagsOf({ ...desired, resource }),
        properties: { creationData: { createOption: 'Copy', sourceResourceId: id }, incremental: true },
      };
      const url = client.urlOf(`${groupPath}/${name}`, version);
      return (await client.ask(url, { method: 'PUT', body, allowed: [404] })).status !== 404;
    },
    async remove({ id }) {
      await client.ask(client.urlOf(id, version), { method: 'DELETE', allowed: [404] });
    },
    close: () => undefined,
  };
}
