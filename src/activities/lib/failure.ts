import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { isReasonCode, ReasonError, reasons } from '../../contracts/reasons.ts';
import { isDatabaseAway } from '../../runtime/database-away.ts';
import { textsOf } from '../../texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

/** Waiting for people or other systems is no alarm: these are retried without a log warning. */
const benign: readonly string[] = [
  'not_paid_yet',
  'payment_processing',
  'declined_try_again',
  'confirmation_open',
  'confirmation_refused',
  'not_activated_yet',
  'stack_busy',
];

/**
 * The Temporal failure of an error: its type is the reason code, retryable as in the catalogue; one that alarms ends
 * the activity, because only its workflow can set NeedsAttention and try again. An error without a code is `internal`,
 * and its own message stays in the worker's log.
 */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (isDatabaseAway(error)) return toFailure(new ReasonError('records_unreachable'));
  if (!(error instanceof ReasonError)) {
    return ApplicationFailure.create({ type: 'internal', message: reasonTexts.internal.operator });
  }
  const { retryable, alarms } = reasons[error.code];
  return ApplicationFailure.create({
    type: error.code,
    message: error.detail ?? reasonTexts[error.code].operator,
    nonRetryable: !retryable || alarms,
    ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    ...(benign.includes(error.code) ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

/** The reason code of a failure; `internal` when it has none. */
export function codeOf(failure: ApplicationFailure) {
  return isReasonCode(failure.type) ? failure.type : 'internal';
}
