import { delivered, type Evidence } from '../evidence.ts';

/** A delivered instance has one usable licence with one active node; no other licence can be used. */
export function checkLicences(evidence: Evidence): string[] {
  const expected = delivered(evidence);
  const violations: string[] = [];
  for (const instanceId of expected) {
    const own = evidence.licences.filter((licence) => licence.instanceId === instanceId && licence.usable);
    if (own.length !== 1) violations.push(`instance ${instanceId} has ${own.length} usable licences`);
    const nodes = own.reduce((sum, { activeNodes }) => sum + activeNodes, 0);
    if (own.length === 1 && nodes !== 1) violations.push(`the licence of ${instanceId} has ${nodes} active nodes`);
  }
  for (const { id, instanceId, usable, activeNodes } of evidence.licences) {
    if (expected.has(instanceId)) continue;
    if (usable) violations.push(`licence ${id} of ${instanceId} can still be used`);
    if (activeNodes > 0) violations.push(`licence ${id} of ${instanceId} still has ${activeNodes} active nodes`);
  }
  return violations;
}
