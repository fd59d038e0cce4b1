import { delivered, type Evidence, fulfilled, unfulfilled } from '../evidence.ts';

/** A delivered instance holds its hostname permanently; the hostname of every other order is free. */
export function checkHostnames(evidence: Evidence): string[] {
  const { holds, freeNames } = evidence;
  const violations: string[] = [];
  for (const { id, name, instanceId } of fulfilled(evidence)) {
    const hold = holds.find((each) => each.name === name);
    if (hold?.holder !== 'instance' || hold.holderId !== instanceId) {
      violations.push(`order ${id} is fulfilled, and ${name} is not its instance's`);
    }
    if (freeNames.includes(name)) violations.push(`${name} has a server but is offered again`);
  }
  const inUse = new Set(fulfilled(evidence).map(({ name }) => name));
  for (const { id, name, state } of unfulfilled(evidence)) {
    if (!inUse.has(name) && !freeNames.includes(name)) violations.push(`order ${id} ended ${state} and holds ${name}`);
  }
  const owners = delivered(evidence);
  for (const { name, holder, holderId, ended } of holds) {
    // A quote's hold expires by itself; whoever requested the quote may be gone.
    if (ended || holder === 'quote' || (holder === 'instance' && owners.has(holderId))) continue;
    violations.push(`${name} is held by ${holder} ${holderId}, which has no server`);
  }
  return violations;
}
