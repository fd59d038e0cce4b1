import { isDeepStrictEqual } from 'node:util';
import type { NewIncident } from '../../contracts/incidents.ts';
import { type OperationKind, operationOf } from '../../contracts/operations/registry.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import { type InstanceStatus, type OperationStatus, operationHasEnded } from '../../contracts/states.ts';
import { isUndoStep } from '../../contracts/steps.ts';
import type { OperationRef, OperatorDecision, StepContext } from '../../contracts/workflow-messages.ts';
import { severityOfStep } from '../../domain/operations/incident-severity.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OperationRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { textsOf } from '../../texts/texts.ts';
import { orderIdOf } from '../lib/live-order.ts';
import { openRecords } from './open-records.ts';
import type { WaitPorts } from './ports.ts';

const { reasons: reasonTexts } = textsOf('en');

/** `kind` is needed where the first step failed, before the operation had a row. */
type OperationChange = { kind: OperationKind } & (
  | { status: OperationStatus; reason?: ReasonCode; instanceStatus?: InstanceStatus; goesOn?: undefined }
  /** An undo step that waited for an operator resumes by itself. */
  | { status: 'undoing'; goesOn: Pick<StepContext, 'step' | 'attempt'> }
);

/** Records the status of an operation and, where it changed, of its instance. */
export function noteOperation({ store, incidents }: WaitPorts) {
  return async (ref: OperationRef, change: OperationChange): Promise<void> => {
    const { kind } = change;
    if (change.goesOn) {
      const { status, goesOn } = change;
      if (!(await store.operations.goOn(ref.operationId, { ...goesOn, status }))) return;
      await store.timeline.append(ref, { type: 'operation', kind, status });
      return;
    }
    const { status, reason, instanceStatus } = change;
    await store.operations.setStatus(ref.operationId, { status, ...(reason ? { reason } : {}) });
    if (instanceStatus) {
      await store.instances.update(ref.instanceId, { status: instanceStatus });
      await store.timeline.append(ref, { type: 'instance', status: instanceStatus });
    }
    await store.timeline.append(ref, { type: 'operation', kind, status, ...(reason ? { reason } : {}) });
    if (operationHasEnded(status)) await incidents.closeOf(ref.operationId);
    if (status === 'needs_operator') await incidents.open(stoppedIncident(ref, reason));
  };
}

/**
 * Records that a step waits for an operator; where an order's step failed before its records existed, it creates
 * them. Returns the detail that is recorded: where the reason is only that a deadline passed, or that something keeps
 * failing, the cause that the step saw last.
 */
export function noteNeedsOperator({ store, journal, incidents }: WaitPorts) {
  return async (context: StepContext, reason: ReasonCode, given: string): Promise<string> => {
    const operation = await store.operations.find(context.operationId);
    const isOpen = context.orderId === undefined || operation !== null;
    const detail = lastCause(operation, context, { reason, given }) ?? given;
    const order = isOpen ? null : await store.orders.find(orderIdOf(context));
    if (order) await openRecords({ store }, order);
    await store.operations.setStatus(context.operationId, { status: 'needs_operator', reason });
    await journal.note(context, { status: 'needs_operator', reason, detail });
    if (await hasSucceeded(store, context)) {
      await store.operations.goOn(context.operationId, { ...context, status: 'undoing' });
      return detail;
    }
    await incidents.open(waitingIncident(context, reason, detail));
    return detail;
  };
}

/** Whether this try of an undo step has worked, in the moment in which an operator was to be asked about it. */
async function hasSucceeded({ operations }: Pick<Store, 'operations'>, { operationId, step, attempt }: StepContext) {
  const operation = await operations.find(operationId);
  return operation?.steps.some((each) => each.step === step && each.attempt === attempt && each.status === 'succeeded');
}

/**
 * The cause that this try of the step reported last, where it is another one than the reason; the one that was recorded
 * already, where the worker died after it.
 */
function lastCause(
  operation: OperationRecord | null,
  { step, attempt }: StepContext,
  { reason, given }: { reason: ReasonCode; given: string },
): string | undefined {
  const tried = operation?.steps.find((each) => each.step === step && each.attempt === attempt);
  if (!tried?.reason || !tried.detail) return undefined;
  if (tried.status === 'needs_operator') return given === reasonTexts[reason].operator ? tried.detail : undefined;
  return tried.reason === reason ? undefined : `${tried.reason}: ${tried.detail}`;
}

/**
 * A step waits for an operator: one incident until somebody decides or the step succeeds, however often it is retried.
 */
function waitingIncident(context: StepContext, reason: ReasonCode, detail: string): NewIncident {
  const { operationId, step } = context;
  const subject = `${operationId} ${step}`;
  return { ...context, kind: 'step', subject, severity: severityOfStep(step), reason, detail };
}

/** An operation whose workflow ended without a result waits as a whole. */
function stoppedIncident(ref: OperationRef, reason: ReasonCode = 'internal'): NewIncident {
  return { ...ref, kind: 'operation', subject: ref.operationId, severity: 'critical', reason };
}

/** Records an operator's decision, once in the audit log, and on the timeline. */
export function noteDecision({ store, journal, incidents }: WaitPorts) {
  return async (context: StepContext, decision: OperatorDecision, kind: OperationKind): Promise<void> => {
    const taken = {
      actor: `operator:${decision.operator}`,
      action: `operation-${decision.action}`,
      before: { step: context.step, attempt: context.attempt, status: 'needs_operator' },
      why: decision.why,
    };
    const entries = await store.audit.of(context.operationId);
    // A worker may have died after it had written.
    if (!entries.some(({ actor, action, before, why }) => isDeepStrictEqual({ actor, action, before, why }, taken))) {
      const after = { action: decision.action };
      await store.audit.append({ at: nowDate(), subject: context.operationId, ...taken, after });
    }
    // The operator's explanation is for the audit log alone: customers read the timeline.
    if (decision.action === 'skip') await journal.note(context, { status: 'skipped' });
    const undoes = decision.action === 'abort' && operationOf(kind).undo.length > 0;
    const status = isUndoStep(context.step) || undoes ? 'undoing' : 'running';
    await store.operations.goOn(context.operationId, { step: context.step, attempt: context.attempt, status });
    // If it fails again, that is a new incident.
    await incidents.closeOf(context.operationId, context.step);
  };
}
