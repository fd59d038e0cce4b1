import type { StepContext } from '../../contracts/workflow-messages.ts';
import { findLiveOrder } from '../lib/live-order.ts';
import type { BillingPorts } from './billing-activities.ts';

/** This step makes the customer and the subscription of an order, with its first invoice open. Undo: `settle-money`. */
export function createSubscription({ store, gateway }: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await findLiveOrder(store, context.orderId);
    if (order.payment) return;
    const customer = await gateway.ensureCustomer({
      accountId: order.accountId,
      email: order.billingEmail,
      name: order.billing.name,
      address: order.billing,
    });
    const payment = await gateway.createSubscription({
      baseKey: `${context.instanceId}:${context.operationId}:${context.step}`,
      customerId: customer.id,
      orderId: order._id,
      instanceId: order.instanceId,
      total: order.quote.total,
      tax: order.quote.tax,
      items: order.quote.lines.flatMap(({ lookupKey, quantity }) => (lookupKey ? [{ lookupKey, quantity }] : [])),
    });
    await store.orders.setPayment(order._id, payment);
  };
}
