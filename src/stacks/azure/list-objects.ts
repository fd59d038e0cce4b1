import { z } from 'zod';
import type { OwnedObject } from '../private-server.ts';
import type { AzureClient } from './clients.ts';
import { groupId, idIn, type Scope, vaultName } from './names.ts';
import type { AzureSettings } from './settings.ts';

/** Lists the objects of instances at Azure: tagged resource groups with their content, and objects outside them. */

interface Kind {
  /** API version for reading and removing it. */
  version: string;
  role: OwnedObject['role'];
}

const other = (version: string): Kind => ({ version, role: 'other' });

/** Kinds in the order in which they can be removed. */
export const kinds = {
  'Microsoft.DataProtection/backupVaults/backupInstances': other('2025-01-01'),
  'Microsoft.Network/dnsZones/A': { version: '2018-05-01', role: 'record' },
  'Microsoft.Compute/virtualMachines': { version: '2024-11-01', role: 'host' },
  'Microsoft.Network/networkInterfaces': other('2024-05-01'),
  'Microsoft.Compute/disks': { version: '2024-03-02', role: 'volume' },
  'Microsoft.Network/loadBalancers': other('2024-05-01'),
  'Microsoft.Network/publicIPAddresses': other('2024-05-01'),
  'Microsoft.Network/virtualNetworks/subnets': other('2024-05-01'),
  'Microsoft.Network/networkSecurityGroups': other('2024-05-01'),
  'Microsoft.Network/virtualNetworks': other('2024-05-01'),
  'Microsoft.Resources/resourceGroups': other('2021-04-01'),
} as const satisfies Record<string, Kind>;
export type AzureKind = keyof typeof kinds;
export const removalOrder = Object.keys(kinds) as AzureKind[];

const groups = '2021-04-01';

const Tags = z
  .record(z.string(), z.string())
  .nullish()
  .transform((tags) => tags ?? {});
const Found = z.object({ id: z.string(), name: z.string(), type: z.string().default(''), tags: Tags });
const Timed = Found.extend({ createdTime: z.iso.datetime({ offset: true }).optional() });
const Record_ = z.object({ id: z.string(), properties: z.object({ metadata: Tags }) });

/** Creation time of the whole instance from a tag, for kinds that report no time. */
const createdAt = (tags: Record<string, string>) => Date.parse(tags['freehold:created'] ?? '') || 0;

/** Azure spells types inconsistently; this normalises them. */
function kindOf(type: string): AzureKind | undefined {
  return removalOrder.find((kind) => kind.toLowerCase() === type.toLowerCase());
}

/** The groups of an instance, or of any, and everything in them. */
export async function listGroups(client: AzureClient, subscription: string, owner?: string): Promise<OwnedObject[]> {
  const value = owner === undefined ? '' : ` and tagValue eq '${owner}'`;
  const url = client.urlOf(`/subscriptions/${subscription}/resourcegroups`, groups, {
    $filter: `tagName eq 'freehold:instance'${value}`,
  });
  const found = await client.listAll(Found, url);
  const lists = found.map(async ({ name, tags }) => {
    const instanceId = tags['freehold:instance']!;
    const scope = { subscription, group: name };
    const group: OwnedObject = {
      ...{ id: groupId(scope), kind: 'Microsoft.Resources/resourceGroups', role: 'other', instanceId },
      ...{ resource: tags['freehold:resource'] ?? '', createdAt: createdAt(tags) },
    };
    return [group, ...(await listInside(client, scope, { instanceId, createdAt: createdAt(tags) }))];
  });
  return (await Promise.all(lists)).flat();
}

/** Everything in a group belongs to its instance, tagged or not. */
async function listInside(
  client: AzureClient,
  scope: Scope,
  owner: Pick<OwnedObject, 'instanceId' | 'createdAt'>,
): Promise<OwnedObject[]> {
  const url = client.urlOf(`${groupId(scope)}/resources`, groups, { $expand: 'createdTime' });
  const objects = (await client.listAll(Timed, url)).flatMap(({ name, type, tags, createdTime }): OwnedObject[] => {
    const kind = kindOf(type);
    // A machine's root disk is created and deleted with it.
    if (!kind || name.startsWith(`${owner.instanceId}-root-`)) return [];
    const at = createdTime === undefined ? owner.createdAt : Date.parse(createdTime);
    const resource = tags['freehold:resource'] ?? '';
    const common = { role: kinds[kind].role, instanceId: owner.instanceId, createdAt: at };
    // The id as in the state: lists also spell the group differently.
    return [{ ...common, id: idIn(scope, `${kind}/${name}`), kind, resource }];
  });
  const networks = objects.filter(({ kind }) => kind === 'Microsoft.Network/virtualNetworks');
  const subnets = networks.map(async ({ id, createdAt: at }) => {
    const within = await client.listAll(Found, client.urlOf(`${id}/subnets`, '2024-05-01'));
    return within.map(
      ({ name }): OwnedObject => ({
        ...{ id: `${id}/subnets/${name}`, kind: 'Microsoft.Network/virtualNetworks/subnets', role: 'other' },
        ...{ resource: 'subnet', instanceId: owner.instanceId, createdAt: at },
      }),
    );
  });
  return [...objects, ...(await Promise.all(subnets)).flat()];
}

/** The records of an instance, or of any, by their metadata. Azure reports no time for them, so they count as old. */
export async function listRecords(
  client: AzureClient,
  settings: AzureSettings,
  owner?: string,
): Promise<OwnedObject[]> {
  const zone = `Microsoft.Network/dnsZones/${settings.dnsZone}`;
  const found = await client.listAll(Record_, client.urlOf(`${idIn(settings, zone)}/A`, '2018-05-01'));
  return found.flatMap(({ id, properties: { metadata } }): OwnedObject[] => {
    const { freeholdInstance: instanceId, freeholdResource: resource = '' } = metadata;
    if (instanceId === undefined || (owner !== undefined && owner !== instanceId)) return [];
    const name = id.split('/').at(-1);
    return [
      {
        ...{ id: idIn(settings, `${zone}/A/${name}`), kind: 'Microsoft.Network/dnsZones/A', role: 'record' },
        ...{ resource, instanceId, createdAt: 0 },
      },
    ];
  });
}

/** The volumes that the vault of a region takes snapshots of. */
export async function listSnapshots(
  client: AzureClient,
  settings: AzureSettings,
  { region, owner }: { region: string; owner?: string },
): Promise<OwnedObject[]> {
  const path = `Microsoft.DataProtection/backupVaults/${vaultName(region)}/backupInstances`;
  const kind = 'Microsoft.DataProtection/backupVaults/backupInstances';
  const found = await client.listAll(Found, client.urlOf(idIn(settings, path), kinds[kind].version));
  return found.flatMap(({ name, tags }): OwnedObject[] => {
    const instanceId = tags['freehold:instance'];
    if (instanceId === undefined || (owner !== undefined && owner !== instanceId)) return [];
    const resource = tags['freehold:resource'] ?? '';
    return [
      { id: idIn(settings, `${path}/${name}`), kind, role: 'other', resource, instanceId, createdAt: createdAt(tags) },
    ];
  });
}
