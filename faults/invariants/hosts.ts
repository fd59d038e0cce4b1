import { delivered, type Evidence } from '../evidence.ts';

const kinds = ['hosts', 'records', 'volumes', 'addresses'];

/** A delivered instance has one object of each kind at the cloud and its host answers; the cloud holds nothing else. */
export function hostsAreRight(evidence: Evidence): string[] {
  const { cloud, answering } = evidence;
  const expected = delivered(evidence);
  const violations: string[] = [];
  for (const instanceId of expected) {
    for (const kind of kinds) {
      const count = cloud.filter((object) => object.kind === kind && object.instanceId === instanceId).length;
      if (count !== 1) violations.push(`instance ${instanceId} has ${count} ${kind} at the cloud`);
    }
    if (!answering.includes(instanceId)) violations.push(`the host of ${instanceId} does not answer at its hostname`);
  }
  for (const { kind, name, instanceId } of cloud) {
    if (instanceId === null || !expected.has(instanceId)) {
      violations.push(`${kind} ${name} is left at the cloud${instanceId ? ` by ${instanceId}` : ' without an owner'}`);
    }
  }
  for (const instanceId of answering) {
    if (!expected.has(instanceId)) violations.push(`the host of ${instanceId} still answers`);
  }
  return violations;
}
