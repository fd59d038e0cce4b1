import { type ForwardStepName, OperationKind, type UndoStepName } from '../../contracts/operations/registry.ts';
import type { StepName } from '../../contracts/steps.ts';
import { textsOf } from '../../texts/texts.ts';

export interface StepText {
  /** What the customer reads while it runs. */
  readonly title: string;
  /** Why it takes its time. */
  readonly why: string;
}

export interface OperationText {
  readonly title: string;
  /** What a request for it does, as one sentence without its full stop. */
  readonly request: string;
  /** What the page of the server says while it runs. */
  readonly live: { readonly title: string; readonly lead: string };
  /** What an operator does who ends it. */
  readonly abort: string;
}

/** Every operation has a text, and every step of it. */
const texts: {
  readonly [Kind in OperationKind]: OperationText & {
    readonly steps: Readonly<Record<ForwardStepName<Kind> | UndoStepName<Kind>, StepText>>;
  };
} = textsOf('en').operations;

export function operationText(kind: OperationKind): OperationText {
  return texts[kind];
}

/**
 * What people read about a step of an operation. For a step that the operation does not have, as a look at the whole
 * timeline of a server may bring one, the words of whichever operation has it.
 */
export function stepText(step: StepName, kind?: OperationKind): StepText {
  const kinds = kind ? [kind, ...OperationKind.options] : OperationKind.options;
  for (const each of kinds) {
    const steps: Partial<Record<StepName, StepText>> = texts[each].steps;
    const text = steps[step];
    if (text) return text;
  }
  throw new Error(`no text for the step ${step}`);
}
