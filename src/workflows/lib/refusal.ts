import { ApplicationFailure } from '@temporalio/workflow';
import type { ReasonCode } from '../../contracts/reasons.ts';

/** A failure whose type is the reason code, for callers outside of the workflow. */
export function refusal(reason: ReasonCode, detail: string): ApplicationFailure {
  return ApplicationFailure.create({ type: reason, message: detail, nonRetryable: true });
}
