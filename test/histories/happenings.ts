import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { StepName } from '../../src/contracts/steps.ts';
import type { OperatorDecision, StepContext } from '../../src/contracts/workflow-messages.ts';
import type { Run } from '../support/temporal.ts';

/** The relevant facts of one event of a history. */
export interface Event {
  /** The activity that it schedules, with its input. */
  activity?: string;
  given: unknown[];
  /** The name of a signal. */
  signalled?: string;
  /** Whether it is an Update or a request for cancellation. */
  asks: boolean;
  /** Whether it requests the cancellation of this workflow. */
  cancels: boolean;
  /** Whether an activity failed permanently. */
  fails: boolean;
  /** The workflow type of a started child. */
  begins?: string;
  /** Whether a child ended without a result. */
  stops: boolean;
}

/** The workflow type of a history. */
export function typeOf({ history }: Run): string {
  return history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '';
}

export function eventsOf({ history }: Run): Event[] {
  return (history.events ?? []).map((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const cancels = Boolean(event.workflowExecutionCancelRequestedEventAttributes);
    const activity = scheduled?.activityType?.name;
    const begins = event.childWorkflowExecutionStartedEventAttributes?.workflowType?.name;
    const signalled = event.workflowExecutionSignaledEventAttributes?.signalName;
    return {
      ...(activity ? { activity } : {}),
      ...(signalled ? { signalled } : {}),
      ...(begins ? { begins } : {}),
      given: (scheduled?.input?.payloads ?? []).map((payload) =>
        defaultPayloadConverter.fromPayload(payload as Payload),
      ),
      cancels,
      asks: cancels || Boolean(event.workflowExecutionUpdateAcceptedEventAttributes),
      fails: Boolean(event.activityTaskFailedEventAttributes),
      stops: Boolean(event.childWorkflowExecutionTerminatedEventAttributes),
    };
  });
}

/**
 * The incidents of an operation, in words: `retry at stack-up`, `skip at …`, `abort at …` (an operator decided),
 * `window ends at …` (nobody did), `cancel at …` while the step ran, `cancel while … waits` for an operator.
 */
export function metBy(run: Run): string[] {
  const met: string[] = [];
  let step: StepName | undefined;
  let waits = false;
  const asked = new Set<StepName | undefined>();
  for (const { activity, given, cancels } of eventsOf(run)) {
    if (cancels) met.push(waits ? `cancel while ${step} waits` : `cancel at ${step}`);
    if (activity === 'noteDecision') {
      const decision = given[1] as OperatorDecision;
      met.push(`${decision.action} at ${decision.step}`);
    } else if (activity === 'beginUndo') {
      // Await payment looks once more when its window ends, and finds that the time to pay is over as well.
      const isOver = given[1] === 'payment_expired' && asked.has(step);
      if (given[1] === 'not_delivered' || isOver) met.push(`window ends at ${step}`);
    } else if (isOfStep(given[0])) {
      step = given[0].step;
      waits = activity === 'noteNeedsOperator';
      if (waits) asked.add(step);
    }
  }
  return met;
}

function isOfStep(given: unknown): given is StepContext {
  return typeof given === 'object' && given !== null && 'step' in given;
}
