import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../contracts/clock.ts';
import type { Inventory, TaggedObject } from '../private-server.ts';
import { createDigitaloceanApi } from './api.ts';
import { type DigitaloceanKind, listObjects, listStrayAddresses } from './list-objects.ts';
import { removeObject } from './remove-object.ts';
import { digitaloceanSettings } from './settings.ts';

/**
 * What DigitalOcean holds of instances, whatever any state says, by its own API.
 *
 * A reserved address can carry no tag: one whose create was never answered is nobody's. So one that no machine has and no
 * text record names for `FREEHOLD_DIGITALOCEAN_STRAY_MS` is listed as `unowned` by whoever looks into its region next.
 */
export function digitaloceanInventory(env: NodeJS.ProcessEnv): Inventory {
  const settings = digitaloceanSettings(env);
  const { FREEHOLD_DIGITALOCEAN_DOMAIN: domain, FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS: pauseMs } = settings;
  const api = createDigitaloceanApi(env);

  /** Those that stay nobody's for long enough; another order's new address has its record within seconds. */
  async function strays(region: string): Promise<TaggedObject[]> {
    const begun = monotonic();
    for (let left = await listStrayAddresses(api, { domain, region }); left.length > 0; ) {
      if (monotonic() - begun >= settings.FREEHOLD_DIGITALOCEAN_STRAY_MS) {
        return left.map((id) => ({ id, kind: 'address', resource: '', role: 'other', unowned: true }));
      }
      await delay(Math.min(pauseMs, settings.FREEHOLD_DIGITALOCEAN_STRAY_MS));
      const still = new Set(await listStrayAddresses(api, { domain, region }));
      left = left.filter((ip) => still.has(ip));
    }
    return [];
  }

  return {
    listingLagMs: settings.FREEHOLD_DIGITALOCEAN_LISTING_LAG_MS,
    async list({ instanceId, region }) {
      const owned = await listObjects(api, { domain, instanceId });
      return [...owned, ...(await strays(region))];
    },
    listAll: () => listObjects(api, { domain }),
    remove: ({ kind, id }) => removeObject(api, { kind: kind as DigitaloceanKind, id }, { domain, pauseMs }),
    close: () => undefined,
  };
}
