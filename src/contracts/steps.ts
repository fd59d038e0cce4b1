import { z } from 'zod';
import { type ForwardStepName, operations, type UndoStepName } from './operations/registry.ts';

/** The steps of all operations; a shared step is the same in all of them. */
export type StepName = ForwardStepName | UndoStepName;

const forwardSteps = operations.flatMap(({ steps }) => steps);
const undoSteps = operations.flatMap(({ undo }) => undo.flat());
const names = new Set([...forwardSteps, ...undoSteps].map(({ name }) => name as StepName));
export const StepName = z.enum([...names]);

const skippable = new Set([...forwardSteps, ...undoSteps].flatMap((step) => (step.skippable ? step.name : [])));
const afterPivot = new Set(
  operations.flatMap(({ steps, pivot }) => {
    const at = steps.findIndex(({ name }) => name === pivot);
    return at < 0 ? [] : steps.slice(at + 1).map(({ name }) => name);
  }),
);

/** Whether a step belongs to the undo. */
export function isUndoStep(step: StepName): boolean {
  return undoSteps.some(({ name }) => name === step);
}

/** Whether a step comes after the pivot, so that nothing is undone any more. */
export function isAfterPivot(step: StepName): boolean {
  return afterPivot.has(step);
}

/** Whether an operator may skip a step. */
export function isSkippable(step: StepName): boolean {
  return skippable.has(step);
}

/**
 * An operator's decisions about a waiting step: retry it, skip it, undo everything. The abort of an operation without
 * undo ends it and leaves everything as it is.
 */
export const Decision = z.enum(['retry', 'skip', 'abort']);
export type Decision = z.infer<typeof Decision>;

/** Why this decision is refused for a step, as a reason code; undefined when it is allowed. */
export function refusalOf(
  decision: Decision,
  step: StepName,
): 'step_not_skippable' | 'already_ready' | 'step_not_waiting' | undefined {
  switch (decision) {
    case 'retry':
      return undefined;
    case 'skip':
      return isSkippable(step) ? undefined : 'step_not_skippable';
    case 'abort':
      if (isAfterPivot(step)) return 'already_ready';
      // It is being undone already.
      return isUndoStep(step) ? 'step_not_waiting' : undefined;
  }
}

/** The decisions that an operator has for a step. */
export function decisionsOn(step: StepName): Decision[] {
  return Decision.options.filter((decision) => !refusalOf(decision, step));
}
