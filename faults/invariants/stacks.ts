import { delivered, type Evidence } from '../evidence.ts';

/** A delivered instance has its stack; there is no other stack, no engine lock and no lease. */
export function stacksAreRight(evidence: Evidence): string[] {
  const expected = new Set([...delivered(evidence)].map((instanceId) => `inst-${instanceId}`));
  const violations: string[] = [];
  for (const stack of expected) if (!evidence.stacks.includes(stack)) violations.push(`stack ${stack} is missing`);
  for (const stack of evidence.stacks) if (!expected.has(stack)) violations.push(`stack ${stack} is left over`);
  for (const lock of evidence.engineLocks) violations.push(`the engine's lock ${lock} is left over`);
  for (const { stack, owner } of evidence.leases) {
    if (owner !== null) violations.push(`the lease of ${stack} is still held`);
  }
  return violations;
}
