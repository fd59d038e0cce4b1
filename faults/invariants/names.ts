import { delivered, type Evidence, fulfilled, unfulfilled } from '../evidence.ts';

/** A delivered instance holds its name without expiry; the name of every other order is free. */
export function namesAreRight(evidence: Evidence): string[] {
  const { holds, freeNames } = evidence;
  const violations: string[] = [];
  for (const { id, name, instanceId } of fulfilled(evidence)) {
    const hold = holds.find((each) => each.name === name);
    if (hold?.holder !== 'instance' || hold.holderId !== instanceId) {
      violations.push(`order ${id} is fulfilled, and ${name} is not its instance's`);
    }
    if (freeNames.includes(name)) violations.push(`${name} has a server and is offered again`);
  }
  const inUse = new Set(fulfilled(evidence).map(({ name }) => name));
  for (const { id, name, state } of unfulfilled(evidence)) {
    if (!inUse.has(name) && !freeNames.includes(name)) violations.push(`order ${id} ended ${state} and holds ${name}`);
  }
  const owners = delivered(evidence);
  for (const { name, holder, holderId, ended } of holds) {
    // A quote's hold expires; its buyer may never have ordered.
    if (ended || holder === 'quote' || (holder === 'instance' && owners.has(holderId))) continue;
    violations.push(`${name} is held by ${holder} ${holderId}, which has no server`);
  }
  return violations;
}
