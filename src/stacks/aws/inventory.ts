import { ReasonError } from '../../contracts/reasons.ts';
import { catalogue } from '../../domain/catalogue/catalogue-data.ts';
import type { Inventory } from '../private-server.ts';
import { createAwsClients } from './clients.ts';
import { awsReasonOf } from './errors.ts';
import { type AwsKind, type AwsObject, listIdentities, listRecords, listTagged, removalOrder } from './list-objects.ts';
import { removeObject } from './remove-object.ts';
import { awsSettings } from './settings.ts';

/** Every region in which we sell at AWS. */
export const awsRegions = catalogue.clouds.find(({ name }) => name === 'aws')?.regions.map(({ name }) => name) ?? [];

/**
 * All objects of instances at AWS, independent of any state, through AWS's own API. Throws the reason of AWS's error,
 * and `cloud_unavailable` if it does not answer.
 */
export function awsInventory(env: NodeJS.ProcessEnv): Inventory {
  const settings = awsSettings(env);
  const zoneId = settings.FREEHOLD_AWS_HOSTED_ZONE_ID;
  const clients = createAwsClients();

  function inOrder(objects: AwsObject[]): AwsObject[] {
    const rank = ({ kind }: AwsObject) => removalOrder.indexOf(kind);
    return objects.sort((a, b) => rank(a) - rank(b));
  }

  return {
    listingLagMs: settings.FREEHOLD_AWS_LISTING_LAG_MS,
    list: ({ instanceId, region }) =>
      mapAwsErrors(async () => {
        const lists = await Promise.all([
          listTagged(clients, region, instanceId),
          listIdentities(clients, instanceId),
          listRecords(clients, zoneId, instanceId),
        ]);
        return inOrder(lists.flat());
      }),
    listAll: () =>
      mapAwsErrors(async () => {
        const lists = await Promise.all([
          ...awsRegions.map((region) => listTagged(clients, region)),
          listIdentities(clients),
          listRecords(clients, zoneId),
        ]);
        return inOrder(lists.flat());
      }),
    remove: ({ kind, id, region }) =>
      mapAwsErrors(async () => {
        if (region === undefined) throw new ReasonError('internal', `the region of ${id} is unknown`);
        await removeObject(
          clients,
          { kind: kind as AwsKind, id, region },
          { pauseMs: settings.FREEHOLD_AWS_REMOVE_PAUSE_MS },
        );
      }),
    close: clients.close,
  };
}

/** Maps errors of the AWS clients to their reasons. */
export async function mapAwsErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ReasonError) throw error;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new ReasonError(awsReasonOf(message) ?? 'cloud_unavailable', message, { cause: error });
  }
}
