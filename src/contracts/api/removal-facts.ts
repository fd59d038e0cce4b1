import { orderOperation } from '../operations/registry.ts';
import type { StepStatus } from '../states.ts';
import type { StepName } from '../steps.ts';

/** What an order made that its undo removes. */
export type Removable = 'server' | 'licence' | 'name';

const removedBy: readonly (readonly [Removable, StepName])[] = [
  ['server', 'destroy-stack'],
  ['licence', 'revoke-licence'],
  ['name', 'release-hostname'],
];

/**
 * What an order that is undone has not removed yet: of each step that was begun, what its undo step removes until
 * that has succeeded or was skipped.
 */
export function notRemoved(steps: readonly { step: StepName; status: StepStatus }[]): Removable[] {
  const statusOf = (name: StepName) => steps.find(({ step }) => step === name)?.status ?? 'pending';
  return removedBy.flatMap(([thing, undo]) => {
    const forward = orderOperation.steps.find((step) => 'undo' in step && step.undo === undo);
    if (!forward || statusOf(forward.name) === 'pending') return [];
    const removed = statusOf(undo);
    return removed === 'succeeded' || removed === 'skipped' ? [] : [thing];
  });
}
