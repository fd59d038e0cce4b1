import { ReasonError } from '../../contracts/reasons.ts';
import type { OperationRef } from '../../contracts/workflow-messages.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

/** The order that an operation delivers. Throws `not_found` for an operation that delivers none. */
export function orderIdOf({ orderId, operationId }: OperationRef): string {
  if (orderId === undefined) throw new ReasonError('not_found', `operation ${operationId} delivers no order`);
  return orderId;
}

/** The order, while it is being delivered or is delivered; one that is ending or has ended fails with its reason. */
export async function findLiveOrder({ orders }: Pick<Store, 'orders'>, ref: OperationRef): Promise<OrderRecord> {
  const orderId = orderIdOf(ref);
  const order = await orders.find(orderId);
  if (!order) throw new ReasonError('not_found', `order ${orderId}`);
  switch (order.state) {
    case 'awaiting_payment':
    case 'fulfilling':
    case 'fulfilled':
      return order;
    case 'cancelling':
    case 'settling':
    case 'declined':
    case 'expired':
    case 'cancelled':
    case 'failed_refunded':
      throw new ReasonError(order.reason ?? 'cancelled_by_operator');
  }
}
