import type { Inventory } from '../private-server.ts';
import { createGcpClient } from './client.ts';
import { type GcpKind, type GcpObject, listCompute, listRecords, removalOrder } from './list-objects.ts';
import { removeObject } from './remove-object.ts';
import { gcpSettings } from './settings.ts';

/**
 * All objects of instances at Google Cloud, independent of any state, through its own API. Throws the reason of
 * Google's error, and `cloud_unavailable` if it does not answer.
 */
export function gcpInventory(env: NodeJS.ProcessEnv): Inventory {
  const settings = gcpSettings(env);
  const { GOOGLE_PROJECT: project, FREEHOLD_GCP_MANAGED_ZONE: managedZone } = settings;
  const client = createGcpClient(env);

  async function list(instanceId?: string): Promise<GcpObject[]> {
    const lists = await Promise.all([
      listCompute(client, project, instanceId),
      listRecords(client, { project, managedZone }, instanceId),
    ]);
    const rank = ({ kind }: GcpObject) => removalOrder.indexOf(kind);
    return lists.flat().sort((a, b) => rank(a) - rank(b));
  }

  return {
    listingLagMs: settings.FREEHOLD_GCP_LISTING_LAG_MS,
    // One list covers all regions.
    list: ({ instanceId }) => list(instanceId),
    listAll: () => list(),
    remove: ({ kind, id }) =>
      removeObject(client, { kind: kind as GcpKind, id }, { pauseMs: settings.FREEHOLD_GCP_REMOVE_PAUSE_MS }),
    close: () => undefined,
  };
}
