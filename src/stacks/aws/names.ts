/** Object names at AWS, shared by the program that creates them and the inventory that finds them. */

/** Physical name of a part of an instance. */
export function physicalName(instanceId: string, resource: string): string {
  return `${instanceId}-${resource}`;
}

/**
 * Path of the roles and profiles of an instance: they are missing from lists by tag, and their names are unique in the
 * account.
 */
export const identityRoot = '/freehold/';
export const identityPath = (instanceId: string) => `${identityRoot}${instanceId}/`;

/** DNS records have no tags: a text record beside each hostname names its owner. */
export const ownerName = (hostname: string) => `_freehold.${hostname}`;
export const ownerText = (instanceId: string) => `freehold:instance=${instanceId}`;
const ownerPattern = /^"?freehold:instance=(i[0-9a-z]+)"?$/;

/** The instance that an owner record names, and the hostname it belongs to; null for any other record. */
export function readOwner(record: { name: string; value: string }): { instanceId: string; hostname: string } | null {
  const instanceId = ownerPattern.exec(record.value)?.[1];
  const [label, ...rest] = record.name.replace(/\.$/, '').split('.');
  return instanceId && label === '_freehold' ? { instanceId, hostname: rest.join('.') } : null;
}

/** Id of a record in a stack's state. */
export const recordId = (zoneId: string, name: string, type: string) => `${zoneId}_${name}_${type}`;
