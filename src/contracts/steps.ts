import { z } from 'zod';

/**
 * The steps of operations, in the words of the design: what the customer reads, and whether an operator may skip one.
 * The workflows of operations run their forward steps in this order.
 */
export const StepName = z.enum([
  'hold-hostname',
  'create-subscription',
  'await-payment',
  'issue-licence',
  'stack-up',
  'await-healthy',
  'await-activation',
  'mark-ready',
  'send-mail',
  'settle-money',
  'send-outcome-mail',
  'revoke-licence',
  'destroy-stack',
  'release-hostname',
  'detect-drift',
  'report-drift',
  'repair-stack',
]);
export type StepName = z.infer<typeof StepName>;

export interface StepText {
  /** What the customer reads while it runs. */
  readonly title: string;
  /** Why it takes its time. */
  readonly why: string;
  readonly skippable: boolean;
}

export const steps: Readonly<Record<StepName, StepText>> = {
  'hold-hostname': { title: 'Hold the hostname', why: 'Nobody else can order this name now.', skippable: false },
  'create-subscription': { title: 'Prepare the payment', why: 'Your subscription is set up.', skippable: false },
  'await-payment': { title: 'Payment', why: 'We wait for your payment.', skippable: false },
  'issue-licence': { title: 'Issue the licence', why: 'The right to run the product is registered.', skippable: false },
  'stack-up': { title: 'Build the server', why: 'Address, name, disk and machine are created.', skippable: false },
  'await-healthy': {
    title: 'Wait for the server',
    why: 'The server starts and gets its certificate.',
    skippable: true,
  },
  'await-activation': { title: 'Activate the licence', why: 'The server registers its licence.', skippable: true },
  'mark-ready': { title: 'Hand over', why: 'The server is yours.', skippable: false },
  'send-mail': { title: 'Send the e-mail', why: 'The administrator gets the first steps.', skippable: true },
  'settle-money': { title: 'Give the money back', why: 'Nothing is kept that was not delivered.', skippable: false },
  'send-outcome-mail': { title: 'Explain by e-mail', why: 'You get the reason in writing.', skippable: true },
  'revoke-licence': { title: 'Revoke the licence', why: 'Its seats become free.', skippable: false },
  'destroy-stack': {
    title: 'Remove the server',
    why: 'Machine, disk, name and address are removed.',
    skippable: false,
  },
  'release-hostname': { title: 'Release the hostname', why: 'The name can be ordered again.', skippable: false },
  'detect-drift': {
    title: 'Look at the server',
    why: 'What the cloud holds is compared with what was built.',
    skippable: false,
  },
  'report-drift': { title: 'Decide about the repair', why: 'Nothing that holds data is touched.', skippable: false },
  'repair-stack': { title: 'Repair the server', why: 'What is missing or changed is put back.', skippable: false },
};

/** Forward steps of `provision`, in order. */
export const provisionSteps = [
  'hold-hostname',
  'create-subscription',
  'await-payment',
  'issue-licence',
  'stack-up',
  'await-healthy',
  'await-activation',
  'mark-ready',
  'send-mail',
] as const satisfies readonly StepName[];

/** Steps of `check-drift`, in order. */
export const checkDriftSteps = [
  'detect-drift',
  'report-drift',
  'repair-stack',
  'await-healthy',
] as const satisfies readonly StepName[];

/** Which forward step each undo step answers. */
export const undoOf = {
  'settle-money': 'create-subscription',
  'revoke-licence': 'issue-licence',
  'destroy-stack': 'stack-up',
  'release-hostname': 'hold-hostname',
} as const satisfies Partial<Record<StepName, StepName>>;

/** Whether a step belongs to the undo. */
export function isUndoStep(step: StepName): boolean {
  return step === 'send-outcome-mail' || Object.hasOwn(undoOf, step);
}

/** Whether a step comes after the pivot: nothing undoes any more. */
export function isAfterPivot(step: StepName): boolean {
  return step === 'send-mail';
}

/**
 * What an operator can decide about a step that waits for him: run it again, go on without it, undo everything. The abort
 * of an operation that undoes nothing, as a check of drift, ends it and leaves everything as it is.
 */
export const Decision = z.enum(['retry', 'skip', 'abort']);
export type Decision = z.infer<typeof Decision>;

/** Why this cannot be decided about a step, as a reason code; nothing when it can. */
export function refusalOf(
  decision: Decision,
  step: StepName,
): 'step_not_skippable' | 'already_ready' | 'step_not_waiting' | undefined {
  switch (decision) {
    case 'retry':
      return undefined;
    case 'skip':
      return steps[step].skippable ? undefined : 'step_not_skippable';
    case 'abort':
      if (isAfterPivot(step)) return 'already_ready';
      // It is being undone already.
      return isUndoStep(step) ? 'step_not_waiting' : undefined;
  }
}

/** What an operator can decide about a step. */
export function decisionsOn(step: StepName): Decision[] {
  return Decision.options.filter((decision) => !refusalOf(decision, step));
}
