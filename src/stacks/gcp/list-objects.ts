import { z } from 'zod';
import { dataDeviceName } from '../cloud-init/machine.ts';
import type { OwnedObject } from '../private-server.ts';
import type { GcpClient } from './client.ts';
import { linkOf, namesOf, type Owner, ownerName, readOwner, readOwnerRecord } from './names.ts';

/**
 * Lists the objects of instances at Google Cloud: by label, and for kinds without labels by description or by a record.
 */

/** Kinds in the order in which they can be removed. */
export const removalOrder = [
  ...['record', 'forwardingRules', 'backendServices', 'healthChecks', 'member', 'instanceGroups'],
  ...['attachment', 'instances'],
  ...['schedule', 'disks', 'resourcePolicies', 'addresses', 'firewalls', 'subnetworks', 'networks'],
] as const;
export type GcpKind = (typeof removalOrder)[number];
export interface GcpObject extends OwnedObject {
  kind: GcpKind;
}

/** Collections of Compute Engine that have an aggregated list, and those that are global. */
const collections = [
  ...['forwardingRules', 'backendServices', 'healthChecks', 'instanceGroups', 'instances', 'disks'],
  ...['resourcePolicies', 'addresses', 'subnetworks'],
] as const;
const global = ['firewalls', 'networks'] as const;
const roles: Partial<Record<GcpKind, OwnedObject['role']>> = { instances: 'host', disks: 'volume', record: 'record' };

const Item = z.object({
  name: z.string(),
  selfLink: z.string(),
  description: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  creationTimestamp: z.string().default(''),
  /** Of a disk: URLs of its schedules. */
  resourcePolicies: z.array(z.string()).default([]),
  /** Of a machine: its attached disks. */
  disks: z.array(z.object({ deviceName: z.string().default(''), source: z.string().default('') })).default([]),
});
type Item = z.infer<typeof Item>;
const Members = z.object({ items: z.array(z.object({ instance: z.string() })).default([]) });
export const Page = z.object({ nextPageToken: z.string().optional() });
const GlobalPage = Page.extend({ items: z.array(Item).default([]) });
const Records = Page.extend({
  rrsets: z
    .array(z.object({ name: z.string(), type: z.string(), rrdatas: z.array(z.string()).default([]) }))
    .default([]),
});

/** `projects/…` of an object's URL, which is its id in a stack's state. */
export const idOf = (link: string) => link.slice(link.indexOf('projects/'));
const lastOf = (link: string) => link.slice(link.lastIndexOf('/') + 1);

/** Every page of a list. */
export async function pagesOf<P extends { nextPageToken?: string | undefined }>(
  { ask }: GcpClient,
  url: string,
  schema: z.ZodType<P>,
): Promise<P[]> {
  const pages: P[] = [];
  for (let pageToken: string | undefined; ; ) {
    const pageUrl = new URL(url);
    if (pageToken) pageUrl.searchParams.set('pageToken', pageToken);
    const page = schema.parse((await ask(pageUrl.href)).body);
    pages.push(page);
    pageToken = page.nextPageToken;
    if (!pageToken) return pages;
  }
}

/** The objects of an instance, or of any, at Compute Engine, with the links between volumes, groups and machines. */
export async function listCompute(client: GcpClient, project: string, instanceId?: string): Promise<GcpObject[]> {
  const base = `${client.compute}projects/${project}/`;
  const query = `?filter=${encodeURIComponent(`name eq ${namesOf(instanceId)}`)}`;
  const lists = await Promise.all([
    ...collections.map(async (kind) => {
      // The items of each zone and region are under the collection's name, which is absent if there are none.
      const Scope = z.object({ [kind]: z.array(Item).optional() });
      const pages = await pagesOf(
        client,
        `${base}aggregated/${kind}${query}`,
        Page.extend({ items: z.record(z.string(), Scope).default({}) }),
      );
      return { kind, items: pages.flatMap(({ items }) => Object.values(items).flatMap((scope) => scope[kind] ?? [])) };
    }),
    ...global.map(async (kind) => {
      const pages = await pagesOf(client, `${base}global/${kind}${query}`, GlobalPage);
      return { kind, items: pages.flatMap(({ items }) => items) };
    }),
  ]);
  const objects: GcpObject[] = [];
  /** Volumes of ours by id. */
  const volumes = new Map<string, Owner>();
  const note = (kind: GcpKind, id: string, { instanceId, resource }: Owner, { creationTimestamp }: Item) => {
    const createdAt = Date.parse(creationTimestamp) || 0;
    objects.push({ kind, id, resource, role: roles[kind] ?? 'other', instanceId, createdAt });
  };
  const found = lists.flatMap(({ kind, items }) =>
    items.flatMap((item) => {
      const owner = readOwner(item);
      return owner && (instanceId === undefined || owner.instanceId === instanceId) ? [{ kind, item, owner }] : [];
    }),
  );
  for (const { kind, item, owner } of found) {
    const id = idOf(item.selfLink);
    note(kind, id, owner, item);
    if (kind === 'instanceGroups') {
      // At most one, so one page.
      const { body } = await client.ask(`${client.compute}${id}/listInstances`, { method: 'POST', body: {} });
      for (const { instance } of Members.parse(body).items) {
        const resource = linkOf('member', owner.resource);
        note('member', `${id}/${lastOf(instance)}`, { ...owner, resource }, item);
      }
    }
    if (kind !== 'disks') continue;
    volumes.set(id, owner);
    for (const policy of item.resourcePolicies) {
      const [, , , zone] = id.split('/');
      const scheduled = `${project}/${zone}/${item.name}/${lastOf(policy)}`;
      note('schedule', scheduled, { ...owner, resource: linkOf('schedule', owner.resource) }, item);
    }
  }
  for (const { kind, item } of found) {
    if (kind !== 'instances') continue;
    for (const { deviceName, source } of item.disks) {
      const owner = volumes.get(idOf(source));
      if (!owner || deviceName !== dataDeviceName) continue;
      const attached = `${idOf(item.selfLink)}/${lastOf(source)}`;
      note('attachment', attached, { ...owner, resource: linkOf('attachment', owner.resource) }, item);
    }
  }
  return objects;
}

/**
 * The DNS records of an instance, or of any: owner records, and the hostnames they name. They have no creation time,
 * so they count as old.
 */
export async function listRecords(
  client: GcpClient,
  { project, managedZone }: { project: string; managedZone: string },
  instanceId?: string,
): Promise<GcpObject[]> {
  const zone = `projects/${project}/managedZones/${managedZone}/rrsets`;
  const records = (await pagesOf(client, `${client.dns}${zone}`, Records)).flatMap(({ rrsets }) => rrsets);
  const addresses = new Set(records.filter(({ type }) => type === 'A').map(({ name }) => name));
  return records.flatMap(({ name, type, rrdatas }) => {
    const owner = type === 'TXT' ? readOwnerRecord({ name, value: rrdatas[0] ?? '' }) : null;
    if (!owner || (instanceId !== undefined && owner.instanceId !== instanceId)) return [];
    const { hostname } = owner;
    const common = { kind: 'record', role: 'record', instanceId: owner.instanceId, createdAt: 0 } as const;
    const record = { ...common, id: `${zone}/${hostname}./A`, resource: `record-${hostname}` };
    const note = { ...common, id: `${zone}/${ownerName(hostname)}./TXT`, resource: `owner-txt-${hostname}` };
    return addresses.has(`${hostname}.`) ? [record, note] : [note];
  });
}
