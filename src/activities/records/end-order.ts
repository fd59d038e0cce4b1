import { isReasonCode, type ReasonCode, ReasonError } from '../../contracts/reasons.ts';
import { orderHasEnded } from '../../contracts/states.ts';
import { endStateOf } from '../../domain/billing/order-rules.ts';
import type { RecordsPorts } from './ports.ts';

export interface OrderPlace {
  instanceId: string;
  orderId: string;
  operationId: string;
}

export type CancelOutcome = 'cancelling' | 'already_ready' | 'already_ended';

/** Sets an open order to `cancelling`; of all that try, one reason wins and stays. */
export function startCancelling({ store }: RecordsPorts) {
  return async (place: OrderPlace, reason: ReasonCode): Promise<CancelOutcome> => {
    await store.orders.move(place.orderId, { to: 'cancelling', reason });
    const order = await store.orders.find(place.orderId);
    if (!order) throw new ReasonError('not_found', `order ${place.orderId}`);
    if (order.state === 'fulfilled') return 'already_ready';
    if (orderHasEnded(order.state)) return 'already_ended';
    const holds = order.reason ?? reason;
    await store.timeline.appendOnce(place, { type: 'order', state: 'cancelling', reason: holds });
    return 'cancelling';
  };
}

/**
 * Begins the undo: the order is `cancelling`, for this reason unless it has one already, and everybody can see that the
 * operation is being undone. Returns the reason that holds. Errors: `already_ready`, because nothing undoes a server
 * that was handed over.
 */
export function beginUndo(ports: RecordsPorts) {
  return async (place: OrderPlace, reason: ReasonCode): Promise<ReasonCode> => {
    const { store, journal } = ports;
    const outcome = await startCancelling(ports)(place, reason);
    if (outcome === 'already_ready') throw new ReasonError('already_ready', 'an undo of a delivered server');
    const order = await store.orders.find(place.orderId);
    const holds = isReasonCode(order?.reason) ? order.reason : reason;
    const operation = await store.operations.find(place.operationId);
    for (const { step, attempt, status } of operation?.steps ?? []) {
      // A step that was waiting or between two retries has nobody else who could tell that it is over.
      if (status === 'succeeded' || status === 'failed' || status === 'skipped') continue;
      await store.operations.goOn(place.operationId, { step, attempt, status: 'undoing' });
      await journal.note({ ...place, step, attempt }, { status: 'failed', reason: holds });
    }
    await store.operations.setStatus(place.operationId, { status: 'undoing', reason: holds });
    await store.instances.update(place.instanceId, { status: 'undoing' });
    const news = { type: 'operation', kind: 'provision', status: 'undoing', reason: holds } as const;
    await store.timeline.appendOnce(place, news);
    return holds;
  };
}

/** Ends an order whose money is settled; the things of it may still be on their way out. */
export function endOrder({ store }: RecordsPorts) {
  return async (place: OrderPlace, reason: ReasonCode): Promise<void> => {
    const to = endStateOf(reason);
    await store.orders.move(place.orderId, { to, reason });
    const order = await store.orders.find(place.orderId);
    if (order?.state === to) await store.timeline.appendOnce(place, { type: 'order', state: to, reason });
  };
}
