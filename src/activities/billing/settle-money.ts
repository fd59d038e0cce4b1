import { ReasonError } from '../../contracts/reasons.ts';
import type { LatePayment, StepContext } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import { orderIdOf } from '../lib/live-order.ts';
import type { BillingPorts } from './billing-activities.ts';
import { customerOf } from './create-subscription.ts';

/**
 * This step gives back everything that an order took and leaves nothing open at Stripe. Idempotent; driven by what
 * Stripe holds now, so it also settles what a step made whose answer was lost.
 * Errors: `money_in_flight` (comes back hourly), `money_not_settled`, `refund_failed`.
 */
export function settleMoney(ports: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await ports.store.orders.find(orderIdOf(context));
    if (!order) throw new ReasonError('not_found', `order ${context.orderId}`);
    await settle(ports, order, `${context.instanceId}:${context.operationId}:settle-money`);
  };
}

/**
 * Settles money that came after an order had ended and leaves an audit entry; answers what went back by it, in minor
 * units. Errors: those of `settleMoney`.
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
      action: 'settle-stray-payment',
      subject: order._id,
      before,
      after: { ...after, paymentIntentId },
    });
    return after.refunded - before.refunded;
  };
}

async function settle({ store, gateway }: BillingPorts, order: OrderRecord, baseKey: string) {
  const everAsked = order.payment !== undefined || (await store.createIntents.exists(`${order.accountId}:customer`));
  if (!everAsked) return { paid: 0, refunded: 0 };
  const customerId = order.payment?.customerId ?? (await customerOf({ store, gateway }, order));
  try {
    const money = await gateway.settleOrder({ baseKey, orderId: order._id, customerId });
    await store.orders.setMoney(order._id, money);
    return money;
  } catch (error) {
    if (error instanceof ReasonError && error.code === 'money_in_flight') {
      await store.orders.move(order._id, { from: ['cancelling'], to: 'settling' });
    }
    throw error;
  }
}
