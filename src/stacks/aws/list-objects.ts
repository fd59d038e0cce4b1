import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { paginateListInstanceProfiles, paginateListRoles } from '@aws-sdk/client-iam';
import { paginateGetResources, type ResourceTagMapping } from '@aws-sdk/client-resource-groups-tagging-api';
import { ListResourceRecordSetsCommand, type ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { OwnedObject } from '../private-server.ts';
import type { AwsClients } from './clients.ts';
import { identityPath, identityRoot, ownerName, readOwner, recordId } from './names.ts';

/** Lists the objects of instances at AWS: by tag, and for untagged kinds by path or by an owner record. */

/** An object with the data needed to remove it. */
export interface AwsObject extends OwnedObject {
  kind: AwsKind;
  /** Empty for global objects. */
  region: string;
}

/** Kinds in the order in which they can be removed. */
export const removalOrder = [
  ...['record', 'listener', 'loadbalancer', 'targetgroup', 'instance', 'policy', 'volume', 'elastic-ip'],
  ...['security-group-rule', 'security-group', 'route-table', 'subnet', 'internet-gateway', 'vpc'],
  ...['instance-profile', 'role'],
] as const;
export type AwsKind = (typeof removalOrder)[number];

const roles: Partial<Record<AwsKind, OwnedObject['role']>> = { instance: 'host', volume: 'volume', record: 'record' };

/** `arn:aws:ec2:<region>:<account>:<kind>/<id>`; load balancers and their parts are known by the whole ARN. */
function readArn(arn: string): { kind: AwsKind; id: string } | null {
  const [, , service, , , ...rest] = arn.split(':');
  const resource = rest.join(':');
  const kind = removalOrder.find((name) => resource.startsWith(`${name}/`));
  if (!kind) return null;
  const isBalancing = service === 'elasticloadbalancing';
  return { kind, id: isBalancing ? arn : resource.slice(kind.length + 1) };
}

function fromTags({ ResourceARN = '', Tags = [] }: ResourceTagMapping, region: string): AwsObject[] {
  const tags = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  const instanceId = tags['freehold:instance'];
  const known = readArn(ResourceARN);
  if (!known || instanceId === undefined) return [];
  const createdAt = Date.parse(tags['freehold:created'] ?? '') || 0;
  const resource = tags['freehold:resource'] ?? '';
  return [{ ...known, region, resource, role: roles[known.kind] ?? 'other', instanceId, createdAt }];
}

/** Objects with the tag of an instance in a region; of any instance if none is named. */
export async function listTagged(clients: AwsClients, region: string, instanceId?: string): Promise<AwsObject[]> {
  const { tagging, ec2 } = clients.in(region);
  const filter = { Key: 'freehold:instance', ...(instanceId === undefined ? {} : { Values: [instanceId] }) };
  const objects: AwsObject[] = [];
  for await (const page of paginateGetResources({ client: tagging }, { TagFilters: [filter] })) {
    for (const mapping of page.ResourceTagMappingList ?? []) objects.push(...fromTags(mapping, region));
  }
  // A terminated machine keeps its tags and stays in the list for about an hour.
  const machines = objects.filter(({ kind }) => kind === 'instance').map(({ id }) => id);
  if (machines.length === 0) return objects;
  const living = new Set<string>();
  for (let at = 0; at < machines.length; at += 100) {
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: machines.slice(at, at + 100) }] }),
    );
    for (const { InstanceId = '', State } of Reservations.flatMap(({ Instances = [] }) => Instances)) {
      if (State?.Name !== 'terminated') living.add(InstanceId);
    }
  }
  return objects.filter(({ kind, id }) => kind !== 'instance' || living.has(id));
}

/** The roles and profiles of an instance, or of any. */
export async function listIdentities({ iam }: AwsClients, instanceId?: string): Promise<AwsObject[]> {
  const PathPrefix = instanceId === undefined ? identityRoot : identityPath(instanceId);
  const objects: AwsObject[] = [];
  const note = (kind: AwsKind, id = '', path = '', created?: Date) => {
    const owner = path.slice(identityRoot.length, -1);
    const resource = id.slice(owner.length + 1);
    const createdAt = created?.getTime() ?? 0;
    objects.push({ id, kind, region: '', resource, role: 'other', instanceId: owner, createdAt });
  };
  for await (const { InstanceProfiles = [] } of paginateListInstanceProfiles({ client: iam }, { PathPrefix })) {
    for (const each of InstanceProfiles) note('instance-profile', each.InstanceProfileName, each.Path, each.CreateDate);
  }
  for await (const { Roles = [] } of paginateListRoles({ client: iam }, { PathPrefix })) {
    for (const each of Roles) note('role', each.RoleName, each.Path, each.CreateDate);
  }
  return objects;
}

/** The DNS records of an instance, or of any: owner records, and the hostnames they name. */
export async function listRecords({ route53 }: AwsClients, zoneId: string, instanceId?: string): Promise<AwsObject[]> {
  const owners: { instanceId: string; hostname: string }[] = [];
  const addresses = new Set<string>();
  for await (const { Name = '', Type, ResourceRecords = [] } of recordsOf(route53, zoneId)) {
    if (Type === 'A') addresses.add(Name.replace(/\.$/, ''));
    const owner = Type === 'TXT' ? readOwner({ name: Name, value: ResourceRecords[0]?.Value ?? '' }) : null;
    if (owner && (instanceId === undefined || owner.instanceId === instanceId)) owners.push(owner);
  }
  return owners.flatMap(({ instanceId: owner, hostname }) => {
    // Route 53 reports no creation time, so these count as old.
    const common = { kind: 'record', region: '', role: 'record', instanceId: owner, createdAt: 0 } as const;
    const name = { ...common, id: recordId(zoneId, hostname, 'A'), resource: `record-${hostname}` };
    const note = { ...common, id: recordId(zoneId, ownerName(hostname), 'TXT'), resource: `owner-txt-${hostname}` };
    return addresses.has(hostname) ? [name, note] : [note];
  });
}

/** Every record of a zone, page by page. */
async function* recordsOf(route53: AwsClients['route53'], HostedZoneId: string): AsyncGenerator<ResourceRecordSet> {
  let start = {};
  for (;;) {
    const page = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId, ...start }));
    yield* page.ResourceRecordSets ?? [];
    if (!page.IsTruncated) return;
    start = {
      StartRecordName: page.NextRecordName,
      StartRecordType: page.NextRecordType,
      StartRecordIdentifier: page.NextRecordIdentifier,
    };
  }
}
