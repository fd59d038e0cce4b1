/** How objects are named at AWS, for the program that makes them and for the inventory that finds them again. */

/** Physical name of a part of an instance. */
export function physicalName(instanceId: string, resource: string): string {
  return `${instanceId}-${resource}`;
}

/**
 * Where the roles and profiles of an instance are: they have no part in the lists by tag, and their names are unique in
 * the account.
 */
export const identityRoot = '/freehold/';
export const identityPath = (instanceId: string) => `${identityRoot}${instanceId}/`;

/** DNS records have no tags: a text record beside each name says whose it is. */
export const ownerName = (hostname: string) => `_freehold.${hostname}`;
export const ownerText = (instanceId: string) => `freehold:instance=${instanceId}`;
const ownerPattern = /^"?freehold:instance=(i[0-9a-z]+)"?$/;

/** The instance that an owner record names, and the hostname that it is about; null for any other record. */
export function readOwner(record: { name: string; value: string }): { instanceId: string; hostname: string } | null {
  const instanceId = ownerPattern.exec(record.value)?.[1];
  const [label, ...rest] = record.name.replace(/\.$/, '').split('.');
  return instanceId && label === '_freehold' ? { instanceId, hostname: rest.join('.') } : null;
}

/** Id of a record in a stack's state. */
export const recordId = (zoneId: string, name: string, type: string) => `${zoneId}_${name}_${type}`;
