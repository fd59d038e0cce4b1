import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError } from '../../contracts/reasons.ts';
import { catalogue } from '../../domain/catalogue/catalogue-data.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { Inventory, OwnedObject } from '../private-server.ts';
import { createAzureClient } from './clients.ts';
import { type AzureKind, kinds, listGroups, listRecords, listSnapshots, removalOrder } from './list-objects.ts';
import { azureSettings } from './settings.ts';

const regions = catalogue.clouds.find(({ name }) => name === 'azure')?.regions ?? [];
/** How long something may take to end, or to be let go of, ms. */
const timeoutMs = 600_000;
/** Words of Azure about an object that something else, which is ending, still holds. */
const held = /InUse|CannotBeDeleted|OperationNotAllowed|AnotherOperationInProgress|Conflict/;

/**
 * What Azure holds of instances, whatever any state says, by its own interface. Throws the reason of Azure's refusal, and
 * `cloud_unavailable` where it does not answer.
 */
export function azureInventory(env: NodeJS.ProcessEnv): Inventory {
  const settings = azureSettings(env);
  const client = createAzureClient(env);

  function inOrder(objects: OwnedObject[]): OwnedObject[] {
    const place = ({ kind }: OwnedObject) => removalOrder.indexOf(kind as AzureKind);
    return objects.sort((a, b) => place(a) - place(b));
  }

  /** Asks to remove an object, and waits until it is gone: Azure says yes long before. */
  async function remove(id: string, kind: AzureKind): Promise<void> {
    const url = client.urlOf(id, kinds[kind].version);
    const begun = monotonic();
    for (;;) {
      try {
        await client.ask(url, { method: 'DELETE', allowed: [404] });
        if ((await client.ask(url, { allowed: [404] })).status === 404) return;
      } catch (error) {
        if (!(error instanceof Error) || !held.test(error.message)) throw error;
        if (monotonic() - begun > timeoutMs) throw error;
      }
      if (monotonic() - begun > timeoutMs) throw new ReasonError('cloud_unavailable', `${id} does not end`);
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
