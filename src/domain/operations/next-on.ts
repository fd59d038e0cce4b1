import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { isUndoStep, type StepName } from '../../contracts/steps.ts';
import { textsOf } from '../../texts/texts.ts';

const texts = textsOf('en');

/**
 * The next action on a step that waits for an operator, as an imperative sentence. Such a forward step is no longer
 * retried automatically, whatever its failure.
 */
export function nextOn(step: StepName, reason: ReasonCode): string {
  return reasons[reason].retryable && !isUndoStep(step) ? texts.details.retryByHand : texts.reasons[reason].next;
}
