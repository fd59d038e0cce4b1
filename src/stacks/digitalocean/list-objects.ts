import { z } from 'zod';
import type { OwnedObject } from '../private-server.ts';
import type { DigitaloceanApi } from './api.ts';
import { absoluteName, instanceTag, type Owner, readName, readOwner, tagValue } from './names.ts';

/** Lists the objects of instances at DigitalOcean: by tag, by name, and by the text records that name owners. */

/** Kinds in the order in which they can be removed. */
export const removalOrder = [
  ...['record', 'droplet', 'balancer', 'firewall', 'volume', 'address', 'note', 'tag', 'network'],
] as const;
export type DigitaloceanKind = (typeof removalOrder)[number];

export interface DigitaloceanObject extends OwnedObject {
  kind: DigitaloceanKind;
}

const Tagged = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  tags: z.array(z.string()),
  created_at: z.string(),
});
const Named = z.object({ id: z.string(), name: z.string(), created_at: z.string() });
const Address = z.object({
  ip: z.string(),
  droplet: z.object({ id: z.number() }).nullable(),
  region: z.object({ slug: z.string() }),
});
const Record = z.object({ id: z.number(), type: z.string(), name: z.string(), data: z.string() });
const Tag = z.object({ name: z.string() });

const isOf = (wanted: string | undefined) => (object: OwnedObject) =>
  wanted === undefined || object.instanceId === wanted;

/** Machines and volumes of an instance, or of any. */
async function listTagged(api: DigitaloceanApi, wanted?: string): Promise<DigitaloceanObject[]> {
  const read = (kind: 'droplet' | 'volume') => (found: z.output<typeof Tagged>) => {
    const instanceId = tagValue(found.tags, 'freehold:instance');
    if (instanceId === undefined) return [];
    const resource = tagValue(found.tags, 'freehold:resource') ?? '';
    const role = kind === 'droplet' ? ('host' as const) : ('volume' as const);
    return [{ id: found.id, kind, resource, role, instanceId, createdAt: Date.parse(found.created_at) || 0 }];
  };
  const filter = wanted === undefined ? '' : `?tag_name=${encodeURIComponent(instanceTag(wanted))}`;
  const [droplets, volumes] = await Promise.all([
    api.list(`droplets${filter}`, 'droplets', Tagged),
    api.list('volumes', 'volumes', Tagged),
  ]);
  return [...droplets.flatMap(read('droplet')), ...volumes.flatMap(read('volume'))];
}

/** Networks, firewalls, load balancers and the tag itself. */
async function listNamed(api: DigitaloceanApi): Promise<DigitaloceanObject[]> {
  const read = (kind: DigitaloceanKind) => (found: z.output<typeof Named>) => {
    const known = readName(found.name);
    return known
      ? [{ ...known, id: found.id, kind, role: 'other' as const, createdAt: Date.parse(found.created_at) || 0 }]
      : [];
  };
  const [networks, firewalls, balancers, tags] = await Promise.all([
    api.list('vpcs', 'vpcs', Named),
    api.list('firewalls', 'firewalls', Named),
    api.list('load_balancers', 'load_balancers', Named),
    api.list('tags', 'tags', Tag),
  ]);
  return [
    ...networks.flatMap(read('network')),
    ...firewalls.flatMap(read('firewall')),
    ...balancers.flatMap(read('balancer')),
    ...tags.flatMap(({ name }) => {
      const instanceId = tagValue([name], 'freehold:instance');
      // Tags have no creation time, so they count as old.
      const tag = { id: name, kind: 'tag', resource: 'tag', role: 'other', createdAt: 0 } as const;
      return instanceId === undefined ? [] : [{ ...tag, instanceId }];
    }),
  ];
}

/** Records and reserved addresses, which have no creation time; and the addresses without an owner. */
async function listOwned(api: DigitaloceanApi, domain: string) {
  const [records, addresses] = await Promise.all([
    api.list(`domains/${domain}/records`, 'domain_records', Record),
    api.list('reserved_ips', 'reserved_ips', Address),
  ]);
  const notes = records.flatMap((record) => {
    const owner = readOwner(record);
    return owner ? [{ ...owner, id: String(record.id) }] : [];
  });
  const object = (kind: DigitaloceanKind, { instanceId }: Owner, resource: string, id: string): DigitaloceanObject => ({
    ...{ id, kind, resource, instanceId, createdAt: 0 },
    role: kind === 'record' ? 'record' : 'other',
  });
  // If two instances claim an address, it was reassigned meanwhile and its owner is unknown.
  const claims = (ip: string) => new Set(notes.flatMap((note) => (note.owned.address === ip ? [note.instanceId] : [])));
  const owned = notes.flatMap((note) => {
    const { hostname, address, resource } = note.owned;
    const named = records.filter(({ type, name }) => type === 'A' && absoluteName(name, domain) === hostname);
    const reserved = addresses.filter(({ ip }) => ip === address && claims(ip).size === 1);
    return [
      ...named.map(({ id }) => object('record', note, resource, String(id))),
      ...reserved.map(({ ip }) => object('address', note, resource, ip)),
      object('note', note, note.resource, note.id),
    ];
  });
  const known = new Set(notes.map(({ owned: { address } }) => address));
  const unowned = addresses.filter(({ ip, droplet }) => droplet === null && !known.has(ip));
  return { owned, unowned: unowned.map(({ ip, region }) => ({ ip, region: region.slug })) };
}

/** Everything of an instance, or of any. */
export async function listObjects(
  api: DigitaloceanApi,
  { domain, instanceId }: { domain: string; instanceId?: string },
): Promise<DigitaloceanObject[]> {
  const lists = await Promise.all([listTagged(api, instanceId), listNamed(api), listOwned(api, domain)]);
  const [tagged, named, { owned }] = lists;
  const rank = ({ kind }: DigitaloceanObject) => removalOrder.indexOf(kind);
  return [...tagged, ...named, ...owned].filter(isOf(instanceId)).sort((a, b) => rank(a) - rank(b));
}

/** Reserved addresses of a region that no machine has and no text record names. */
export async function listUnownedAddresses(
  api: DigitaloceanApi,
  { domain, region }: { domain: string; region: string },
): Promise<string[]> {
  const { unowned: addresses } = await listOwned(api, domain);
  return addresses.filter((address) => address.region === region).map(({ ip }) => ip);
}
