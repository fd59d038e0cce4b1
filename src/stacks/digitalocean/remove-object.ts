import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { DigitaloceanApi } from './api.ts';
import type { DigitaloceanObject } from './list-objects.ts';

/** How long an object that uses another one may take to release it, ms. */
const timeoutMs = 300_000;

const Volume = z.object({
  id: z.string(),
  droplet_ids: z.array(z.number()),
  region: z.object({ slug: z.string() }),
});

/** Paths by kind; a 403 for a network, and a 409 or 422 for anything, mean that it is still in use. */
const pathOf: Readonly<Record<DigitaloceanObject['kind'], (id: string, domain: string) => string>> = {
  droplet: (id) => `droplets/${id}`,
  volume: (id) => `volumes/${id}`,
  address: (id) => `reserved_ips/${id}`,
  record: (id, domain) => `domains/${domain}/records/${id}`,
  note: (id, domain) => `domains/${domain}/records/${id}`,
  firewall: (id) => `firewalls/${id}`,
  balancer: (id) => `load_balancers/${id}`,
  network: (id) => `vpcs/${id}`,
  tag: (id) => `tags/${encodeURIComponent(id)}`,
};

/**
 * Removes an object: detaches it first, and waits for dependent objects that are being deleted. A missing object is a
 * success.
 */
export async function removeObject(
  api: DigitaloceanApi,
  { kind, id }: Pick<DigitaloceanObject, 'kind' | 'id'>,
  { domain, pauseMs }: { domain: string; pauseMs: number },
): Promise<void> {
  const held = [409, 422, ...(kind === 'network' ? [403] : [])];
  const path = pathOf[kind](id, domain);
  const startedAt = monotonic();
  for (;;) {
    if (kind === 'volume') await detach(api, id);
    const status = await api.act('DELETE', path, { allowed: [404, ...held] });
    if (!held.includes(status)) return;
    if (monotonic() - startedAt > timeoutMs) throw new ReasonError('cloud_unavailable', `${kind} ${id} is still held`);
    await delay(pauseMs);
  }
}

async function detach(api: DigitaloceanApi, id: string): Promise<void> {
  const volume = (await api.list('volumes', 'volumes', Volume)).find((each) => each.id === id);
  for (const dropletId of volume?.droplet_ids ?? []) {
    const body = { type: 'detach', droplet_id: dropletId, region: volume!.region.slug };
    await api.act('POST', `volumes/${id}/actions`, { body, allowed: [404, 409, 422] });
  }
}
