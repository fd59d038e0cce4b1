import {
  type ApplicationFailure,
  activityInfo,
  CancelledFailure,
  CompleteAsyncError,
  cancellationSignal,
} from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { StepStatus } from '../../contracts/states.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { isCancel } from '../../domain/billing/order-rules.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { codeOf, toFailure } from './failure.ts';
import type { Journal } from './journal.ts';

/** Reasons that mean "waiting for somebody else" rather than "failed". */
const waiting: readonly string[] = [
  'not_paid_yet',
  'payment_processing',
  'declined_try_again',
  'confirmation_open',
  'confirmation_refused',
  'not_activated_yet',
  'stack_busy',
];

/** Reasons whose failure omits the error's message, which is only logged. */
const redacted: readonly string[] = ['internal', 'records_unreachable'];

/** Activities that write about a step and are none themselves. */
const notes: readonly string[] = ['noteNeedsOperator', 'noteDecision'];

function isStepContext(value: unknown): value is StepContext {
  return typeof value === 'object' && value !== null && 'step' in value && 'operationId' in value && 'attempt' in value;
}

/** The ids that an activity's first argument names. */
function idsOf(value: unknown): object {
  if (typeof value !== 'object' || value === null) return {};
  const names = ['orderId', 'instanceId', 'operationId'] as const;
  const known = value as Partial<Record<(typeof names)[number], unknown>>;
  return Object.fromEntries(names.flatMap((name) => (typeof known[name] === 'string' ? [[name, known[name]]] : [])));
}

/** A step whose order was cancelled before it began did not fail. */
function statusAfter(reason: ReasonCode, { nonRetryable }: ApplicationFailure): StepStatus {
  if (waiting.includes(reason)) return 'waiting';
  if (!nonRetryable) return 'retrying';
  return isCancel(reason) ? 'stopped' : 'failed';
}

/** Retries are recorded at 1, 2, 4, 8, …, so that a long outage does not fill the timeline. */
function isRecorded(attempt: number): boolean {
  return (attempt & (attempt - 1)) === 0;
}

/**
 * Whether the workflow has gone on without this attempt, which began at `began` (monotonic): its events are then
 * recorded by others. The attempt's due time comes from Temporal's clock, the time it took from ours.
 */
function isPastDeadline(began: number): boolean {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs, scheduleToCloseTimeoutMs } = activityInfo();
  const elapsedMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs + (monotonic() - began);
  return scheduleToCloseTimeoutMs > 0 && elapsedMs >= scheduleToCloseTimeoutMs;
}

/**
 * Wraps the activity of every step: records on the timeline when the step runs, waits, is retried, succeeds or fails,
 * and turns errors into failures that carry a reason code. Activities that are not a step only get the second part.
 */
export function createStepInterceptor(journal: Journal, log: Log): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      const [context] = input.args;
      const { attempt, activityType, workflowExecution } = activityInfo();
      const about = { ...idsOf(context), workflowId: workflowExecution?.workflowId, activity: activityType, attempt };
      const step = isStepContext(context) && !notes.includes(activityType) ? context : undefined;
      const began = monotonic();
      try {
        if (step && attempt === 1) await journal.note(step, { status: 'running' });
        const result = await next(input);
        if (step) await journal.note(step, { status: 'succeeded' });
        return result;
      } catch (error) {
        if (error instanceof CancelledFailure || error instanceof CompleteAsyncError) throw error;
        // A wait that the cancellation aborted: the SDK recognizes it by its name.
        if (cancellationSignal().aborted && error instanceof Error && error.name === 'AbortError') throw error;
        const failure = toFailure(error);
        const reason = codeOf(failure);
        if (redacted.includes(reason)) log.error({ ...about, err: error }, 'activity failed');
        if (step && isRecorded(attempt) && !isPastDeadline(began)) {
          const status = statusAfter(reason, failure);
          await journal.note(step, { status, reason, detail: failure.message }).catch((err) => {
            // The failure itself matters more than recording it.
            log.error({ ...about, err, step: step.step }, 'a failure was not recorded');
          });
        }
        throw failure;
      }
    },
  };
}
