import type { StepContext } from '../../contracts/workflow-messages.ts';
import type { OrderRecord } from '../../store/records.ts';
import { findLiveOrder } from '../lib/live-order.ts';
import type { BillingPorts } from './billing-activities.ts';

/** This step makes the customer and the subscription of an order, with its first invoice open. Undo: `settle-money`. */
export function createSubscription({ store, gateway }: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await findLiveOrder(store, context);
    if (order.payment) return;
    const customerId = await customerOf({ store, gateway }, order);
    const payment = await gateway.createSubscription({
      baseKey: `${context.instanceId}:${context.operationId}:${context.step}`,
      customerId,
      orderId: order._id,
      instanceId: order.instanceId,
      total: order.quote.total,
      tax: order.quote.tax,
      items: order.quote.lines.flatMap(({ lookupKey, quantity }) => (lookupKey ? [{ lookupKey, quantity }] : [])),
    });
    await store.orders.setPayment(order._id, payment);
  };
}

/**
 * The Stripe customer of the account that ordered, made when there is none. It goes by the account's own address: that
 * of one bill may differ, and a customer whose making was cut short is found again by its address.
 */
export async function customerOf(
  { store, gateway }: Pick<BillingPorts, 'store' | 'gateway'>,
  order: OrderRecord,
): Promise<string> {
  const account = await store.accounts.find(order.accountId);
  const customer = await gateway.ensureCustomer({
    accountId: order.accountId,
    email: account?.email ?? order.billingEmail,
    name: order.billing.name,
    address: order.billing,
  });
  return customer.id;
}
