import { ReasonError } from '../../contracts/reasons.ts';
import type { LatePayment, StepContext } from '../../contracts/workflow-messages.ts';
import { customerKeyOf } from '../../payments/customers.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import { orderIdOf } from '../lib/live-order.ts';
import { customerOf, identityOf } from './create-subscription.ts';
import type { BillingPorts } from './ports.ts';

/**
 * This step cancels the subscription of an order that is not delivered, refunds everything that the order charged,
 * and voids its open invoices. Idempotent; it acts on what Stripe holds now, so it also settles what a step created
 * whose response was lost. Errors: `already_ready` for a delivered order, `money_in_flight` (retried hourly),
 * `money_not_settled`, `refund_failed`.
 */
export function settleMoney(ports: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await ports.store.orders.find(orderIdOf(context));
    if (!order) throw new ReasonError('not_found', `order ${context.orderId}`);
    await settle(ports, order, `${context.instanceId}:${context.operationId}:settle-money`);
  };
}

/**
 * Settles a payment that arrived after its order had ended and writes an audit entry; returns the amount refunded, in
 * minor units. Errors: those of `settleMoney`.
 */
export function settleLatePayment(ports: BillingPorts) {
  return async ({ orderId, paymentIntentId }: LatePayment): Promise<number> => {
    const order = await ports.store.orders.find(orderId);
    if (!order) throw new ReasonError('not_found', `order ${orderId}`);
    if (order.state === 'fulfilled') return 0;
    const before = { paid: order.paid, refunded: order.refunded };
    const after = await settle(ports, order, `${order.instanceId}:${order.operationId}:settle-money`);
    await ports.store.audit.append({
      at: nowDate(),
      actor: 'system',
      action: 'settle-late-payment',
      subject: order._id,
      before,
      after: { ...after, paymentIntentId },
    });
    return after.refunded - before.refunded;
  };
}

async function settle(ports: BillingPorts, order: OrderRecord, baseKey: string) {
  const { store, gateway } = ports;
  if (order.state === 'fulfilled') throw new ReasonError('already_ready', 'the money of a delivered order');
  const customerKey = customerKeyOf(order.accountId, identityOf(order));
  const wasAttempted = order.payment !== undefined || (await store.createIntents.exists(customerKey));
  if (!wasAttempted) return { paid: 0, refunded: 0 };
  const customerId = order.payment?.customerId ?? (await customerOf(ports, order));
  try {
    const made = await gateway.endSubscriptionsOf({ customerId, orderId: order._id });
    for (const { id, status } of made.subscriptions) await store.subscriptions.noteStatus(id, status);
    await store.orders.addInvoices(order._id, made.invoiceIds);
    const invoiceIds = [...order.invoiceIds, ...made.invoiceIds];
    const money = await gateway.settleInvoices({ baseKey, orderId: order._id, invoiceIds });
    await store.orders.setMoney(order._id, money);
    return money;
  } catch (error) {
    if (error instanceof ReasonError && error.code === 'money_in_flight') {
      await store.orders.move(order._id, { to: 'settling' });
    }
    throw error;
  }
}
