import type { Difference, Drift, DriftVerdict } from '../../contracts/drift.ts';
import { partOf } from './resource-names.ts';

/**
 * The rule by which differences between a stack and its cloud are judged. Pure. Only what loses nothing is repaired by
 * itself: a part that holds no data and whose new one serves as the old one did. Whatever nobody has a rule for is for a
 * person, because an `up` would make it without asking.
 */

/** Logical names, which all clouds share, of parts that may be made anew or set back. */
const renewable: ReadonlySet<string> = new Set([
  ...['host', 'nic', 'egress', 'association', 'attachment', 'power'],
  ...['record', 'owner-txt', 'address-txt'],
  ...['firewall', 'port', 'outbound', 'routes', 'tag'],
  ...['role', 'profile', 'snapshots'],
  ...['balancer', 'listener', 'target', 'group'],
]);

/** Names of the properties in which the clouds keep tags; setting them back touches nothing else. */
const tagProperties: ReadonlySet<string> = new Set([
  ...['tags', 'tagsAll', 'labels', 'effectiveLabels', 'pulumiLabels'],
]);

export function judgeDrift(differences: readonly Difference[]): DriftVerdict {
  if (differences.length === 0) return { verdict: 'none' };
  const data = differences.filter((each) => each.protected && !isTagsAlone(each));
  if (data.some(({ change }) => change === 'missing')) return { verdict: 'needs_person', reason: 'volume_gone' };
  if (data.length > 0) return { verdict: 'needs_person', reason: 'volume_changed' };
  if (differences.some(({ change }) => change === 'foreign')) {
    return { verdict: 'needs_person', reason: 'unknown_objects' };
  }
  const isSafe = differences.every((each) => isTagsAlone(each) || renewable.has(partOf(each.name).part));
  return isSafe
    ? { verdict: 'repairable', reason: 'server_drifted' }
    : { verdict: 'needs_person', reason: 'drift_unclear' };
}

/** What a look saw of a stack, and what of it is not as it was. */
type Sight = Drift & { seen: readonly string[] };

/**
 * Volumes and machines that a server had when it was last built, and that its state knows no more: an attempt to repair it
 * that was cut short may have let the state forget what is gone, and then no look at the state misses it. A volume that a
 * person has put in the place of another one counts as that.
 */
export function forgotten(
  outputs: { volumeIds: readonly string[]; serverIds: readonly string[] } | undefined,
  { differences, requiredVolumeIds: keeps, seen }: Sight,
): Difference[] {
  const told = new Set([...seen, ...differences.map(({ id }) => id)]);
  const missing =
    (name: string, isProtected: boolean) =>
    (id: string): Difference => ({ name, id, change: 'missing', properties: [], protected: isProtected });
  const { volumeIds = [], serverIds = [] } = outputs ?? {};
  const toldGone = differences.filter(({ change, protected: isProtected }) => isProtected && change === 'missing');
  const tooFew = Math.max(0, volumeIds.length - keeps.length - toldGone.length);
  return [
    ...volumeIds
      .filter((id) => !told.has(id))
      .slice(0, tooFew)
      .map(missing('volume', true)),
    ...serverIds.filter((id) => !told.has(id)).map(missing('host', false)),
  ];
}

function isTagsAlone({ change, properties }: Difference): boolean {
  return change === 'changed' && properties.length > 0 && properties.every((name) => tagProperties.has(name));
}
