import { orderOperation } from '../../contracts/operations/registry.ts';
import { isReasonCode, type ReasonCode, ReasonError } from '../../contracts/reasons.ts';
import { orderHasEnded, type StepStatus, stepHasEnded } from '../../contracts/states.ts';
import type { OperationRef } from '../../contracts/workflow-messages.ts';
import { endStateOf, isCancel } from '../../domain/billing/order-rules.ts';
import { orderIdOf } from '../lib/live-order.ts';
import type { RecordsPorts, WaitPorts } from './ports.ts';

export type CancelOutcome = 'cancelling' | 'already_ready' | 'already_ended';

/** Sets an open order to `cancelling`; of concurrent calls, one reason wins. One without a record has ended. */
export function startCancelling({ store }: RecordsPorts) {
  return async (ref: OperationRef, reason: ReasonCode): Promise<CancelOutcome> => {
    const orderId = orderIdOf(ref);
    await store.orders.move(orderId, { to: 'cancelling', reason });
    const order = await store.orders.find(orderId);
    if (!order) return 'already_ended';
    if (order.state === 'fulfilled') return 'already_ready';
    if (orderHasEnded(order.state)) return 'already_ended';
    const holds = order.reason ?? reason;
    await store.timeline.appendOnce(ref, { type: 'order', state: 'cancelling', reason: holds });
    return 'cancelling';
  };
}

/**
 * Begins the undo: the order is `cancelling`, for this reason unless it has one already, and the operation is shown
 * as being undone. Returns the reason that holds. Errors: `already_ready`, because a delivered server is never
 * undone.
 */
export function beginUndo(ports: WaitPorts) {
  return async (ref: OperationRef, reason: ReasonCode): Promise<ReasonCode> => {
    const { store, journal, incidents } = ports;
    const outcome = await startCancelling(ports)(ref, reason);
    if (outcome === 'already_ready') throw new ReasonError('already_ready', 'an undo of a delivered server');
    const order = await store.orders.find(orderIdOf(ref));
    const holds = isReasonCode(order?.reason) ? order.reason : reason;
    const operation = await store.operations.find(ref.operationId);
    for (const { step, attempt, status } of operation?.steps ?? []) {
      // A step that was waiting or between two retries has nobody else to record its end.
      if (stepHasEnded(status)) continue;
      await store.operations.goOn(ref.operationId, { step, attempt, status: 'undoing' });
      await journal.note({ ...ref, step, attempt }, { status: endOf(status, holds), reason: holds });
    }
    await store.operations.setStatus(ref.operationId, { status: 'undoing', reason: holds });
    await store.instances.update(ref.instanceId, { status: 'undoing' });
    const change = { type: 'operation', kind: orderOperation.kind, status: 'undoing', reason: holds } as const;
    await store.timeline.appendOnce(ref, change);
    await incidents.closeOf(ref.operationId);
    return holds;
  };
}

/** A cancel stops a step that was under way; one that waited for an operator had failed before. */
function endOf(status: StepStatus, reason: ReasonCode): 'stopped' | 'failed' {
  return isCancel(reason) && status !== 'needs_operator' ? 'stopped' : 'failed';
}

/** Ends an order whose money is settled; its resources may still be in deletion. */
export function endOrder({ store }: RecordsPorts) {
  return async (ref: OperationRef, reason: ReasonCode): Promise<void> => {
    const to = endStateOf(reason);
    const orderId = orderIdOf(ref);
    await store.orders.move(orderId, { to, reason });
    const order = await store.orders.find(orderId);
    if (order?.state === to) await store.timeline.appendOnce(ref, { type: 'order', state: to, reason });
  };
}
