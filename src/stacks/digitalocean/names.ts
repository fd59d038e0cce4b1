import { type SnapshotPurpose, snapshotPurposes } from '../../domain/fleet/snapshots.ts';

/** Object names at DigitalOcean, shared by the program that creates them and the inventory that finds them. */

/** Physical name of a part of an instance. */
export function physicalName(instanceId: string, resource: string): string {
  return `${instanceId}-${resource}`;
}

/** Networks, firewalls and load balancers have no tags: their names contain the owner. */
export function readName(name: string): { instanceId: string; resource: string } | null {
  const [, instanceId, resource] = /^(i[0-9a-z]{16})-(network|firewall|balancer)$/.exec(name) ?? [];
  return instanceId && resource ? { instanceId, resource } : null;
}

/** So do names of volume snapshots, with their purpose and last day. */
export function snapshotName(about: {
  instanceId: string;
  resource: string;
  purpose: SnapshotPurpose;
  keepUntil: string;
}): string {
  return physicalName(about.instanceId, `${about.resource}-${about.purpose}-${about.keepUntil}`);
}
const snapshotPattern = new RegExp(
  `^(i[0-9a-z]{16})-volume-[a-z0-9-]+-(${snapshotPurposes.join('|')})-(\\d{4}-\\d{2}-\\d{2})$`,
);
export function readSnapshotName(
  name: string,
): { instanceId: string; purpose: SnapshotPurpose; keepUntil: string } | null {
  const [, instanceId, found, keepUntil] = snapshotPattern.exec(name) ?? [];
  const purpose = snapshotPurposes.find((each) => each === found);
  return instanceId && purpose && keepUntil ? { instanceId, purpose, keepUntil } : null;
}

/** A tag is one string of letters, digits, `:`, `-` and `_`. */
export const tagText = (key: string, value: string) => `${key}:${value}`.replaceAll(/[^\w:-]/g, '_');

/** The tag of every taggable object of an instance; firewall and load balancer select machines by it. */
export const instanceTag = (instanceId: string) => tagText('freehold:instance', instanceId);

/** The value of a tag of an object; undefined if it has none. */
export function tagValue(tags: readonly string[], key: string): string | undefined {
  return tags.find((tag) => tag.startsWith(`${key}:`))?.slice(key.length + 1);
}

/**
 * DNS records and reserved addresses have neither tags nor names: text records below the instance's id name their
 * owner.
 */
export const ownerName = (instanceId: string) => `_freehold.${instanceId}`;
export const hostnameText = (hostname: string) => `hostname=${hostname}`;
export const addressText = (node: string, address: string) => `address=${node} ${address}`;

/** The content of an owner record; null for any other record. */
export function readOwner({ type, name, data }: { type: string; name: string; data: string }): Owner | null {
  const instanceId = type === 'TXT' ? /^_freehold\.(i[0-9a-z]{16})$/.exec(name)?.[1] : undefined;
  if (!instanceId) return null;
  const hostname = /^"?hostname=([^" ]+)"?$/.exec(data)?.[1];
  if (hostname)
    return { instanceId, resource: `owner-txt-${hostname}`, owned: { resource: `record-${hostname}`, hostname } };
  const [, node, address] = /^"?address=([^" ]+) ([^" ]+)"?$/.exec(data) ?? [];
  if (!node || !address) return null;
  return { instanceId, resource: `address-txt-${node}`, owned: { resource: `address-${node}`, address } };
}

/** An owner record: its own logical name, and that of the object it belongs to. */
export interface Owner {
  instanceId: string;
  resource: string;
  owned: { resource: string; hostname?: string; address?: string };
}

/** Converts between a hostname and the name of its record within the domain. */
export function relativeName(hostname: string, domain: string): string {
  return hostname === domain ? '@' : hostname.slice(0, -domain.length - 1);
}
export function absoluteName(name: string, domain: string): string {
  return name === '@' ? domain : `${name}.${domain}`;
}
