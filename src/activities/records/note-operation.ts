import { isDeepStrictEqual } from 'node:util';
import { type OperationKind, operationOf } from '../../contracts/operations/registry.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus, OperationStatus } from '../../contracts/states.ts';
import { isUndoStep } from '../../contracts/steps.ts';
import type { OperationRef, OperatorDecision, StepContext } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import { orderIdOf } from '../lib/live-order.ts';
import { openRecords } from './open-records.ts';
import type { RecordsPorts } from './ports.ts';

/** `kind` is needed where the first step failed, before the operation had a row. */
type OperationChange = { kind: OperationKind } & (
  | { status: OperationStatus; reason?: ReasonCode; instanceStatus?: InstanceStatus; goesOn?: undefined }
  /** An undo step that waited for an operator resumes by itself. */
  | { status: 'undoing'; goesOn: Pick<StepContext, 'step' | 'attempt'> }
);

/** Records the status of an operation and, where it changed, of its instance. */
export function noteOperation({ store }: RecordsPorts) {
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
  };
}

/**
 * Records that a step waits for an operator; where an order's step failed before its records existed, it creates
 * them.
 */
export function noteNeedsOperator({ store, journal }: RecordsPorts) {
  return async (context: StepContext, reason: ReasonCode, detail: string): Promise<void> => {
    const isOpen = context.orderId === undefined || (await store.operations.find(context.operationId)) !== null;
    const order = isOpen ? null : await store.orders.find(orderIdOf(context));
    if (order) await openRecords({ store }, order);
    await store.operations.setStatus(context.operationId, { status: 'needs_operator', reason });
    await journal.note(context, { status: 'needs_operator', reason, detail });
  };
}

/** Records an operator's decision, once in the audit log, and on the timeline. */
export function noteDecision({ store, journal }: RecordsPorts) {
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
  };
}
