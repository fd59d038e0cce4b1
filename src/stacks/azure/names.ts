import { ReasonError } from '../../contracts/reasons.ts';

/** How objects are named at Azure, for the program that makes them and for the inventory that finds them again. */

/** Physical name of a part of an instance. */
export function physicalName(instanceId: string, resource: string): string {
  return `${instanceId}-${resource}`;
}

/** Where in the account something is. */
export interface Scope {
  subscription: string;
  group: string;
}

export const groupId = ({ subscription, group }: Scope) => `/subscriptions/${subscription}/resourceGroups/${group}`;
/** Id of an object in a group: `Microsoft.Network/dnsZones/example.com`. */
export const idIn = (scope: Scope, path: string) => `${groupId(scope)}/providers/${path}`;

/**
 * What takes the daily snapshots of a region, in the group of the installation, with its policy. Both are the operator's:
 * what a vault may do is said once, by one who may hand out roles, which the product may not.
 */
export const vaultName = (region: string) => `freehold-${region}`;
export const backupPolicyName = 'daily';

/** Records have no tags, but metadata, whose names are plainer. */
export const recordOwner = (instanceId: string, resource: string) => ({
  freeholdInstance: instanceId,
  freeholdResource: resource,
});

/** A hostname inside of the zone, as the zone's records are named. */
export function relativeName(hostname: string, dnsZone: string): string {
  const end = `.${dnsZone}`;
  if (!hostname.endsWith(end)) throw new ReasonError('internal', `${hostname} is not in the zone ${dnsZone}`);
  return hostname.slice(0, -end.length);
}
