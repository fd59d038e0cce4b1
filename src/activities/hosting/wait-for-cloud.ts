import { ApplicationFailure } from '@temporalio/common';
import { ReasonError } from '../../contracts/reasons.ts';
import { retryDelayMs } from '../../domain/operations/retry-cloud.ts';

/**
 * The failure with the retry delay of its reason's policy, or final when people have to act first. A failure without
 * a policy is returned unchanged. `attempt` is the activity's, from 1.
 */
export function waitForCloud(error: unknown, attempt: number): unknown {
  if (!(error instanceof ReasonError) || error.retryAfterMs !== undefined) return error;
  const delayMs = retryDelayMs(error.code, attempt, error.detail ?? '');
  if (delayMs === undefined) return error;
  if (delayMs === null) return ApplicationFailure.nonRetryable(error.detail ?? error.code, error.code);
  return new ReasonError(error.code, error.detail, { cause: error, retryAfterMs: delayMs });
}
