import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import { orderIdOf } from '../lib/live-order.ts';
import type { RecordsPorts } from './records-activities.ts';

/**
 * This step hands the server over: the order is fulfilled, the instance ready, its standing begins. It is the pivot;
 * nothing undoes it. Answers until when the instance is paid, as ISO 8601 text, where that has an end. When somebody
 * cancelled first it changes nothing and fails with the reason of the cancel.
 */
export function markReady({ store }: RecordsPorts) {
  return async (context: StepContext): Promise<string | undefined> => {
    const { instanceId, operationId } = context;
    const orderId = orderIdOf(context);
    await store.orders.move(orderId, { from: ['fulfilling'], to: 'fulfilled' });
    const order = await store.orders.find(orderId);
    if (order?.state !== 'fulfilled') throw new ReasonError(order?.reason ?? 'cancelled_by_operator');
    await store.instances.update(instanceId, {
      status: 'ready',
      standing: 'current',
      standingRevision: 1,
      readyAt: order.endedAt ?? nowDate(),
    });
    await store.timeline.appendOnce({ instanceId, orderId, operationId }, { type: 'instance', status: 'ready' });
    await store.timeline.appendOnce({ instanceId, orderId, operationId }, { type: 'order', state: 'fulfilled' });
    const instance = await store.instances.find(instanceId);
    return instance?.paidUntil?.toISOString();
  };
}
