import { createHash } from 'node:crypto';

/** Object names at Google Cloud, shared by the program that creates them and the inventory that finds them. */

const longestName = 63;

/** Physical name of a part of an instance; one that would be too long is cut and ends with a hash. */
export function physicalName(instanceId: string, resource: string): string {
  const name = `${instanceId}-${resource}`;
  if (name.length <= longestName) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, longestName - hash.length - 1)}-${hash}`;
}

/** Regular expression of the physical names of an instance, or of any. */
export function namesOf(instanceId?: string): string {
  return `${instanceId ?? 'i[0-9a-z]{16}'}-.*`;
}

/** A tag's key as a label key. */
export const labelKey = (tag: string) => Object.keys(labelsOf({ [tag]: '' }))[0]!;

/** Tags as labels: lower case, digits, hyphens and underscores, 63 characters. */
export function labelsOf(tags: Readonly<Record<string, string>>): Record<string, string> {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, '-')
      .slice(0, longestName);
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [plain(key), plain(value)]));
}

/** The owner of an object, and its logical name. */
export interface Owner {
  instanceId: string;
  resource: string;
}

/** Objects that cannot have labels, or get them only after their create call, have the owner in their description. */
export function ownerDescription({ instanceId, resource }: Owner): string {
  return `freehold:instance=${instanceId} freehold:resource=${resource}`;
}
const descriptionPattern = /^freehold:instance=(i[0-9a-z]{16}) freehold:resource=([a-z0-9-]+)$/;

/** The owner according to labels or description; null if the object is not ours. */
export function readOwner(object: {
  labels?: Readonly<Record<string, string>> | undefined;
  description?: string | undefined;
}): Owner | null {
  const { 'freehold-instance': labelled, 'freehold-resource': label = '' } = object.labels ?? {};
  if (labelled) return { instanceId: labelled, resource: label };
  const [, instanceId, resource] = descriptionPattern.exec(object.description ?? '') ?? [];
  return instanceId && resource ? { instanceId, resource } : null;
}

/** DNS records have neither: a text record beside each hostname names its owner. Text records are stored in quotes. */
export const ownerName = (hostname: string) => `_freehold.${hostname}`;
export const ownerText = (instanceId: string) => `"freehold:instance=${instanceId}"`;

/** The instance that an owner record names, and the hostname it belongs to; null for any other record. */
export function readOwnerRecord(record: {
  name: string;
  value: string;
}): { instanceId: string; hostname: string } | null {
  const instanceId = /^"?freehold:instance=(i[0-9a-z]{16})"?$/.exec(record.value)?.[1];
  const [label, ...rest] = record.name.replace(/\.$/, '').split('.');
  return instanceId && label === '_freehold' ? { instanceId, hostname: rest.join('.') } : null;
}

/** Logical name of a link of a node's volume or group: `<link>-<node>`. */
export const linkOf = (link: 'attachment' | 'schedule' | 'member', thing: string) =>
  thing.replace(/^(volume|group)-/, `${link}-`);
