import type { Difference, Drift, DriftVerdict, JudgedDrift } from '../../contracts/drift.ts';
import { partOf } from './resource-names.ts';

/**
 * Classifies the differences between a stack and its cloud. Pure. Only a repair that loses nothing is automatic: a part
 * without data whose replacement works like the old one. A difference without a rule is left to an operator, because an
 * `up` would revert it without asking.
 */

/** Logical names (the same on all clouds) of parts that may be recreated or reset. */
const renewable: ReadonlySet<string> = new Set([
  ...['host', 'nic', 'egress', 'association', 'attachment', 'power'],
  ...['record', 'owner-txt', 'address-txt'],
  ...['firewall', 'port', 'outbound', 'routes', 'tag'],
  ...['role', 'profile', 'snapshots'],
  ...['balancer', 'listener', 'target', 'group'],
]);

/** Properties in which the clouds keep tags; resetting them touches nothing else. */
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

/** Whether customers have to know: a part is gone, or people decide what is done. */
export function concernsCustomer({ verdict, differences }: Pick<JudgedDrift, 'verdict' | 'differences'>): boolean {
  return verdict === 'needs_person' || differences.some(({ change }) => change === 'missing');
}

/** The resources that a drift detection read, and their differences. */
type Sight = Drift & { seen: readonly string[] };

/**
 * Volumes and machines that a server had when it was last applied and that its state no longer contains. An interrupted
 * repair may have removed a lost resource from the state, and comparing the state alone would then not notice it. A
 * volume that a person put in place of another one counts as that one.
 */
export function forgotten(
  outputs: { volumeIds: readonly string[]; serverIds: readonly string[] } | undefined,
  { differences, requiredVolumeIds, seen }: Sight,
): Difference[] {
  const knownIds = new Set([...seen, ...differences.map(({ id }) => id)]);
  const missing =
    (name: string, isProtected: boolean) =>
    (id: string): Difference => ({ name, id, change: 'missing', properties: [], protected: isProtected });
  const { volumeIds = [], serverIds = [] } = outputs ?? {};
  const reportedMissing = differences.filter(
    ({ change, protected: isProtected }) => isProtected && change === 'missing',
  );
  const tooFew = Math.max(0, volumeIds.length - requiredVolumeIds.length - reportedMissing.length);
  return [
    ...volumeIds
      .filter((id) => !knownIds.has(id))
      .slice(0, tooFew)
      .map(missing('volume', true)),
    ...serverIds.filter((id) => !knownIds.has(id)).map(missing('host', false)),
  ];
}

function isTagsAlone({ change, properties }: Difference): boolean {
  return change === 'changed' && properties.length > 0 && properties.every((name) => tagProperties.has(name));
}
