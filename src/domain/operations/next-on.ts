import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { isUndoStep, type StepName } from '../../contracts/steps.ts';
import { textsOf } from '../../texts/texts.ts';

const texts = textsOf('en');

/**
 * What somebody does next about a step that waits for an operator, as an imperative sentence: forward steps are not
 * tried again by themselves any more, whatever made them fail.
 */
export function nextOn(step: StepName, reason: ReasonCode): string {
  return reasons[reason].retryable && !isUndoStep(step) ? texts.details.retryByHand : texts.reasons[reason].next;
}
