import { z } from 'zod';
import type { Snapshots, VolumeSnapshot } from '../private-server.ts';
import { readSnapshotTags, snapshotTagsOf } from '../snapshot-tags.ts';
import { createGcpClient } from './client.ts';
import { idOf, Page, pagesOf } from './list-objects.ts';
import { labelKey, labelsOf, namesOf, physicalName } from './names.ts';
import { finish, removeObject } from './remove-object.ts';
import { gcpSettings } from './settings.ts';

const Found = z.object({
  selfLink: z.string(),
  sourceDisk: z.string().default(''),
  labels: z.record(z.string(), z.string()).default({}),
  creationTimestamp: z.string().default(''),
  status: z.string().default(''),
});
const Found_ = Page.extend({ items: z.array(Found).default([]) });
const states: Readonly<Record<string, VolumeSnapshot['state']>> = { READY: 'complete', FAILED: 'failed' };

/** Snapshots of disks; the resource policy takes the daily ones. */
export function gcpSnapshots(env: NodeJS.ProcessEnv): Snapshots {
  const { GOOGLE_PROJECT: project, FREEHOLD_GCP_REMOVE_PAUSE_MS: pauseMs } = gcpSettings(env);
  const client = createGcpClient(env);
  return {
    pauseMs,
    async list(instance) {
      const query = `?filter=${encodeURIComponent(`name eq ${namesOf(instance?.instanceId)}`)}`;
      const pages = await pagesOf(client, `${client.compute}projects/${project}/global/snapshots${query}`, Found_);
      return pages
        .flatMap(({ items }) => items)
        .flatMap(({ selfLink, sourceDisk, labels, creationTimestamp, status }) => {
          const about = readSnapshotTags(labels, labelKey);
          if (!about) return [];
          const times = { createdAt: Date.parse(creationTimestamp) || 0, state: states[status] ?? 'pending' };
          return [{ ...about, ...times, id: idOf(selfLink), volumeId: idOf(sourceDisk) }];
        });
    },
    async make({ id, resource }, desired) {
      const name = physicalName(desired.instanceId, `${resource}-${desired.purpose}-${desired.keepUntil}`);
      const snapshot = { name, labels: labelsOf(snapshotTagsOf({ ...desired, resource })) };
      const call = { method: 'POST', body: snapshot, allowed: [404] };
      const { status, body } = await client.ask(`${client.compute}${id}/createSnapshot`, call);
      if (status === 404) return false;
      await finish(client, id, body);
      return true;
    },
    remove: ({ id }) => removeObject(client, { kind: 'snapshots', id }, { pauseMs }),
    close: () => undefined,
  };
}
