import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../runtime/clock.ts';
import type { Inventory, TaggedObject } from '../private-server.ts';
import { createDigitaloceanApi } from './api.ts';
import { type DigitaloceanKind, listObjects, listUnownedAddresses } from './list-objects.ts';
import { removeObject } from './remove-object.ts';
import { digitaloceanSettings } from './settings.ts';

/**
 * All objects of instances at DigitalOcean, independent of any state, through its own API.
 *
 * A reserved address cannot carry a tag: if its create was never answered, its owner is unknown. Only an installation
 * that has its account for itself (`FREEHOLD_DIGITALOCEAN_OWN_ACCOUNT`) may remove an address that no machine has and
 * no text record names for `FREEHOLD_DIGITALOCEAN_UNOWNED_MS`; elsewhere it may belong to somebody else.
 */
export function digitaloceanInventory(env: NodeJS.ProcessEnv): Inventory {
  const settings = digitaloceanSettings(env);
  const { FREEHOLD_DIGITALOCEAN_DOMAIN: domain, FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS: pauseMs } = settings;
  const { FREEHOLD_DIGITALOCEAN_UNOWNED_MS: unownedAfterMs, FREEHOLD_DIGITALOCEAN_OWN_ACCOUNT: isOwnAccount } =
    settings;
  const api = createDigitaloceanApi(env);

  /** Addresses that stay without an owner long enough; another order's new address has its record within seconds. */
  async function unowned(region: string, signal: AbortSignal): Promise<TaggedObject[]> {
    const startedAt = monotonic();
    for (let left = await listUnownedAddresses(api, { domain, region }); left.length > 0; ) {
      if (monotonic() - startedAt >= unownedAfterMs) {
        return left.map((id) => ({ id, kind: 'address', resource: '', role: 'other' }));
      }
      await delay(Math.min(pauseMs, unownedAfterMs), undefined, { signal });
      const still = new Set(await listUnownedAddresses(api, { domain, region }));
      left = left.filter((ip) => still.has(ip));
    }
    return [];
  }

  return {
    listingLagMs: settings.FREEHOLD_DIGITALOCEAN_LISTING_LAG_MS,
    list: ({ instanceId }) => listObjects(api, { domain, instanceId }),
    ...(isOwnAccount ? { listUnowned: unowned } : {}),
    listAll: () => listObjects(api, { domain }),
    remove: ({ kind, id }) => removeObject(api, { kind: kind as DigitaloceanKind, id }, { domain, pauseMs }),
    close: () => undefined,
  };
}
