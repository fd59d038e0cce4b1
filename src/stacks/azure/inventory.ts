import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError } from '../../contracts/reasons.ts';
import { catalogue } from '../../domain/catalogue/catalogue-data.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { Inventory, OwnedObject } from '../private-server.ts';
import { createAzureClient } from './clients.ts';
import { type AzureKind, kinds, listGroups, listRecords, listSnapshots, removalOrder } from './list-objects.ts';
import { azureSettings } from './settings.ts';

const regions = catalogue.clouds.find(({ name }) => name === 'azure')?.regions ?? [];
/** How long a deletion, or the release of an object in use, may take, ms. */
const timeoutMs = 600_000;
/** Azure's codes for an object that is still in use by another that is being deleted. */
const held = /InUse|CannotBeDeleted|OperationNotAllowed|AnotherOperationInProgress|Conflict/;

/**
 * All objects of instances at Azure, independent of any state, through its own API. Throws the reason of Azure's error,
 * and `cloud_unavailable` if it does not answer.
 */
export function azureInventory(env: NodeJS.ProcessEnv): Inventory {
  const settings = azureSettings(env);
  const client = createAzureClient(env);

  function inOrder(objects: OwnedObject[]): OwnedObject[] {
    const rank = ({ kind }: OwnedObject) => removalOrder.indexOf(kind as AzureKind);
    return objects.sort((a, b) => rank(a) - rank(b));
  }

  /** Requests the deletion of an object and waits until it is gone: Azure answers long before that. */
  async function remove(id: string, kind: AzureKind): Promise<void> {
    const url = client.urlOf(id, kinds[kind].version);
    const startedAt = monotonic();
    for (;;) {
      try {
        await client.ask(url, { method: 'DELETE', allowed: [404] });
        if ((await client.ask(url, { allowed: [404] })).status === 404) return;
      } catch (error) {
        if (!(error instanceof Error) || !held.test(error.message)) throw error;
        if (monotonic() - startedAt > timeoutMs) throw error;
      }
      if (monotonic() - startedAt > timeoutMs) throw new ReasonError('cloud_unavailable', `${id} does not end`);
      await delay(settings.removePauseMs);
    }
  }

  return {
    listingLagMs: settings.listingLagMs,
    async list({ instanceId, region }) {
      const lists = await Promise.all([
        listGroups(client, settings.subscription, instanceId),
        listSnapshots(client, settings, { region, owner: instanceId }),
        listRecords(client, settings, instanceId),
      ]);
      return inOrder(lists.flat());
    },
    async listAll() {
      const lists = await Promise.all([
        listGroups(client, settings.subscription),
        ...regions.map(({ name }) => listSnapshots(client, settings, { region: name })),
        listRecords(client, settings),
      ]);
      return inOrder(lists.flat());
    },
    remove: ({ id, kind }) => remove(id, kind as AzureKind),
    close: () => undefined,
  };
}
