import { log } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import { orderIdOf } from '../lib/live-order.ts';
import type { MarkReadyPorts } from './ports.ts';

/**
 * This step delivers the server: the order is fulfilled, the instance ready, and its standing and subscription begin.
 * It is the pivot; nothing undoes it. Returns until when the instance is paid, as ISO 8601 text, where that has an
 * end. When the order was cancelled first it changes nothing and fails with the reason of the cancel.
 */
export function markReady(ports: MarkReadyPorts) {
  const { store } = ports;
  return async (context: StepContext): Promise<string | undefined> => {
    const { instanceId, operationId } = context;
    const orderId = orderIdOf(context);
    await store.orders.move(orderId, { to: 'fulfilled' });
    const order = await store.orders.find(orderId);
    if (order?.state !== 'fulfilled') throw new ReasonError(order?.reason ?? 'cancelled_by_operator');
    await store.instances.handOver(instanceId, order.endedAt ?? nowDate());
    await beginSubscription(ports, instanceId);
    await store.timeline.appendOnce({ instanceId, orderId, operationId }, { type: 'instance', status: 'ready' });
    await store.timeline.appendOnce({ instanceId, orderId, operationId }, { type: 'order', state: 'fulfilled' });
    const instance = await store.instances.find(instanceId);
    return instance?.paidUntil?.toISOString();
  };
}

/** Starts the workflow of the subscription; where that fails now, the sweep of the api starts it later. */
async function beginSubscription({ store, startSubscription }: MarkReadyPorts, instanceId: string): Promise<void> {
  const subscription = await store.subscriptions.begin({ kind: 'instance', id: instanceId });
  if (!subscription?.startDueAt) return;
  try {
    await startSubscription(subscription);
    await store.subscriptions.markStarted(subscription._id);
  } catch (error) {
    log.warn('the workflow of a subscription was not started yet', { subscriptionId: subscription._id, error });
  }
}
