import { isDeepStrictEqual } from 'node:util';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus, OperationKind, OperationStatus } from '../../contracts/states.ts';
import { isUndoStep } from '../../contracts/steps.ts';
import type { OperatorDecision, StepContext } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderPlace } from './end-order.ts';
import { openRecords } from './open-records.ts';
import type { RecordsPorts } from './ports.ts';

type OperationChange =
  | { status: OperationStatus; reason?: ReasonCode; instanceStatus?: InstanceStatus; goesOn?: undefined }
  /** An undo step that waited for an operator goes on by itself. */
  | { status: 'undoing'; goesOn: Pick<StepContext, 'step' | 'attempt'> };

/** Records what became of an operation and, where it changed, of its instance. */
export function noteOperation({ store }: RecordsPorts) {
  return async (place: OrderPlace, change: OperationChange): Promise<void> => {
    if (change.goesOn) {
      const { status, goesOn } = change;
      if (!(await store.operations.goOn(place.operationId, { ...goesOn, status }))) return;
      await store.timeline.append(place, { type: 'operation', kind: await kindOf({ store }, place), status });
      return;
    }
    const { status, reason, instanceStatus } = change;
    await store.operations.setStatus(place.operationId, { status, ...(reason ? { reason } : {}) });
    if (instanceStatus) {
      await store.instances.update(place.instanceId, { status: instanceStatus });
      await store.timeline.append(place, { type: 'instance', status: instanceStatus });
    }
    const kind = await kindOf({ store }, place);
    await store.timeline.append(place, { type: 'operation', kind, status, ...(reason ? { reason } : {}) });
  };
}

/** An order's operation has no row before its first step. */
async function kindOf(
  { store }: Pick<RecordsPorts, 'store'>,
  { operationId }: Pick<OrderPlace, 'operationId'>,
): Promise<OperationKind> {
  return (await store.operations.find(operationId))?.kind ?? 'provision';
}

/** Records that a step waits for an operator, and opens the records where the step that does so failed before. */
export function noteNeedsOperator({ store, journal }: RecordsPorts) {
  return async (context: StepContext, reason: ReasonCode, detail: string): Promise<void> => {
    const order = context.step === 'hold-hostname' ? await store.orders.find(context.orderId) : null;
    if (order) await openRecords({ store }, order);
    await store.operations.setStatus(context.operationId, { status: 'needs_operator', reason });
    await journal.note(context, { status: 'needs_operator', reason, detail });
  };
}

/** Records an operator's decision, once in the audit log, and on the timeline. */
export function noteDecision({ store, journal }: RecordsPorts) {
  return async (context: StepContext, decision: OperatorDecision): Promise<void> => {
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
    // Why is for the audit log alone: the timeline is read by customers.
    if (decision.action === 'skip') await journal.note(context, { status: 'skipped' });
    // Only what was not delivered is undone.
    const undoes = decision.action === 'abort' && (await kindOf({ store }, context)) === 'provision';
    const status = isUndoStep(context.step) || undoes ? 'undoing' : 'running';
    await store.operations.goOn(context.operationId, { step: context.step, attempt: context.attempt, status });
  };
}
