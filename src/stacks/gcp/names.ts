import { createHash } from 'node:crypto';

/** How objects are named at Google Cloud, for the program that makes them and for the inventory that finds them again. */

const longestName = 63;

/** Physical name of a part of an instance; one that would be too long ends with a hash in place of its rest. */
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

/** A tag's name as that of a label. */
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

/** Whose an object is, and its logical name. */
export interface Owner {
  instanceId: string;
  resource: string;
}

/** What cannot have labels, or gets them only after its create call, says in its description whose it is. */
export function ownerDescription({ instanceId, resource }: Owner): string {
  return `freehold:instance=${instanceId} freehold:resource=${resource}`;
}
const descriptionPattern = /^freehold:instance=(i[0-9a-z]{16}) freehold:resource=([a-z0-9-]+)$/;

/** The owner that labels or a description tell; null for what is none of ours. */
export function readOwner(object: {
  labels?: Readonly<Record<string, string>> | undefined;
  description?: string | undefined;
}): Owner | null {
  const { 'freehold-instance': labelled, 'freehold-resource': label = '' } = object.labels ?? {};
  if (labelled) return { instanceId: labelled, resource: label };
  const [, instanceId, resource] = descriptionPattern.exec(object.description ?? '') ?? [];
  return instanceId && resource ? { instanceId, resource } : null;
}

/** DNS records have neither: a text record beside each name says whose it is. Text records are kept in quotes. */
export const ownerName = (hostname: string) => `_freehold.${hostname}`;
export const ownerText = (instanceId: string) => `"freehold:instance=${instanceId}"`;

/** The instance that an owner record names, and the hostname that it is about; null for any other record. */
export function readOwnerRecord(record: {
  name: string;
  value: string;
}): { instanceId: string; hostname: string } | null {
  const instanceId = /^"?freehold:instance=(i[0-9a-z]{16})"?$/.exec(record.value)?.[1];
  const [label, ...rest] = record.name.replace(/\.$/, '').split('.');
  return instanceId && label === '_freehold' ? { instanceId, hostname: rest.join('.') } : null;
}

/** Logical name of what ties a node's volume or group to something: `<link>-<node>`. */
export const linkOf = (link: 'attachment' | 'schedule' | 'member', thing: string) =>
  thing.replace(/^(volume|group)-/, `${link}-`);
