import { type ForwardStepName, OperationKind, type UndoStepName } from '../../contracts/operations/registry.ts';
import type { StepName } from '../../contracts/steps.ts';
import { textsOf } from '../../texts/texts.ts';

export interface StepText {
  /** Shown to the customer while it runs. */
  readonly title: string;
  /** Why it takes a while. */
  readonly why: string;
}

export interface OperationText {
  readonly title: string;
  /** What requesting it does, as one sentence without the full stop. */
  readonly request: string;
  /** Shown on the server's page while it runs. */
  readonly live: { readonly title: string; readonly lead: string };
  /** What aborting it does. */
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
 * The texts of a step of an operation. A step that the operation does not have, as the whole timeline of a server may
 * contain, gets the texts of the operation that declares it.
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
