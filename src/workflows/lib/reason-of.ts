import { RetryState } from '@temporalio/common';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { isReasonCode, type ReasonCode } from '../../contracts/reasons.ts';
import { textsOf } from '../../texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

/** Why something failed, as a reason code and one sentence for operators. */
export interface Cause {
  reason: ReasonCode;
  detail: string;
}

/**
 * The cause of a failure. A deadline that passed is `onTimeout`, with the message of the last attempt as its detail.
 */
export function causeOf(error: unknown, onTimeout: ReasonCode): Cause {
  const inner = error instanceof ActivityFailure ? error.cause : error;
  // Where the deadline passes before the next retry, the failure is that of the last attempt.
  const isPastDeadline = error instanceof ActivityFailure && error.retryState === RetryState.TIMEOUT;
  if (isPastDeadline || inner instanceof TimeoutFailure) {
    const last = inner instanceof TimeoutFailure ? inner.cause : inner;
    const detail =
      last instanceof ApplicationFailure ? `${last.type}: ${last.message}` : reasonTexts[onTimeout].operator;
    return { reason: onTimeout, detail };
  }
  if (inner instanceof ApplicationFailure && isReasonCode(inner.type)) {
    return { reason: inner.type, detail: inner.message };
  }
  return { reason: 'internal', detail: inner instanceof Error ? inner.message : String(inner) };
}
