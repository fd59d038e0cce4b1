import { ReasonError } from '../../contracts/reasons.ts';

/** Object names at Azure, shared by the program that creates them and the inventory that finds them. */

/** Physical name of a part of an instance. */
export function physicalName(instanceId: string, resource: string): string {
  return `${instanceId}-${resource}`;
}

/** Subscription and resource group of an object. */
export interface Scope {
  subscription: string;
  group: string;
}

export const groupId = ({ subscription, group }: Scope) => `/subscriptions/${subscription}/resourceGroups/${group}`;
/** Id of an object in a group: `Microsoft.Network/dnsZones/example.com`. */
export const idIn = (scope: Scope, path: string) => `${groupId(scope)}/providers/${path}`;

/**
 * The vault for the daily snapshots of a region, in the installation's group, and its policy. An operator creates both:
 * a vault needs role assignments, which the product may not make.
 */
export const vaultName = (region: string) => `freehold-${region}`;
export const backupPolicyName = 'daily';

/** Records have no tags, but metadata, with stricter key names. */
export const recordOwner = (instanceId: string, resource: string) => ({
  freeholdInstance: instanceId,
  freeholdResource: resource,
});

/** A hostname relative to its zone, as the zone's records are named. */
export function relativeName(hostname: string, dnsZone: string): string {
  const end = `.${dnsZone}`;
  if (!hostname.endsWith(end)) throw new ReasonError('internal', `${hostname} is not in the zone ${dnsZone}`);
  return hostname.slice(0, -end.length);
}
