import { isDeepStrictEqual } from 'node:util';
import { ReasonError, reasons } from '../../contracts/reasons.ts';
import type { LatePayment, StepContext } from '../../contracts/workflow-messages.ts';
import { sum } from '../../domain/billing/money.ts';
import { customerKeyOf } from '../../payments/customers.ts';
import type { ChargedMoney } from '../../payments/settle-plan.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import { orderIdOf } from '../lib/live-order.ts';
import { customerOf, payerOf } from './create-subscription.ts';
import type { AfterOrderPorts, BillingPorts } from './ports.ts';

const lateAction = 'settle-late-payment';

type Refunds = Pick<ChargedMoney, 'paid' | 'refunded'>;

/**
 * This step cancels the subscription of an order that is not delivered, refunds everything that the order charged, and
 * voids its open invoices. What was paid outside Stripe is recorded and left to people. Idempotent; it acts on what
 * Stripe holds now, so it also settles what a step created whose response was lost. Errors: `already_ready` for a
 * delivered order, `money_in_flight` (retried hourly), `money_not_settled`, `refund_failed`.
 */
export function settleMoney(ports: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await ports.store.orders.find(orderIdOf(context));
    // Without a record nothing says what to settle; a comparison of the systems reports what Stripe has in its name.
    if (!order) return;
    const money = await settle(ports, order, `${context.instanceId}:${context.operationId}:settle-money`);
    await ports.store.orders.setMoney(order._id, money);
  };
}

/**
 * Settles a payment that arrived after its order had ended and writes an audit entry; returns the amount refunded, in
 * minor units, also where an earlier attempt refunded it and died. Errors: those of `settleMoney`.
 */
export function settleLatePayment(ports: AfterOrderPorts) {
  return async (latePayment: LatePayment): Promise<number> => {
    const { store } = ports;
    const { orderId } = latePayment;
    const order = await store.orders.find(orderId);
    if (!order) throw new ReasonError('not_found', `order ${orderId}`);
    if (order.state === 'fulfilled') return 0;
    const before = { paid: order.paid, refunded: order.refunded };
    const { paidOutside, ...after } = await settleOrTell(ports, order, latePayment);
    // The entry goes first: it is what a try that follows a death between the two knows the amount by.
    const givenBack = await noteLatePayment(ports, latePayment, { before, after });
    await store.orders.setMoney(orderId, { ...after, ...(paidOutside ? { paidOutside } : {}) });
    return givenBack;
  };
}

/** Settles the order. A failure that does not pass by itself is an incident until a later try succeeds. */
async function settleOrTell(
  ports: AfterOrderPorts,
  order: OrderRecord,
  latePayment: LatePayment,
): Promise<ChargedMoney> {
  const { incidents } = ports;
  const about = { kind: 'late_payment', subject: latePayment.refundId ?? latePayment.paymentIntentId } as const;
  try {
    const settled = await settle(ports, order, `${order.instanceId}:${order.operationId}:settle-money`);
    await incidents.close(about);
    return settled;
  } catch (error) {
    if (error instanceof ReasonError && !reasons[error.code].retryable) {
      const { code: reason, detail } = error;
      await incidents.open({ ...about, severity: 'critical', reason, detail, orderId: order._id });
    }
    throw error;
  }
}

/** Leaves the audit entry, unless an earlier try did; answers what went back by all tries. */
async function noteLatePayment(
  { store }: BillingPorts,
  { orderId, paymentIntentId, refundId }: LatePayment,
  { before, after }: { before: Refunds; after: Refunds },
): Promise<number> {
  const about = { paymentIntentId, ...(refundId ? { refundId } : {}) };
  const entry = { before, after: { ...after, ...about } };
  const earlier = (await store.audit.of(orderId))
    .filter(({ action }) => action === lateAction)
    .map((noted) => ({ before: noted.before, after: noted.after }) as typeof entry)
    .filter(({ after: { paid, refunded, ...noted } }) => isDeepStrictEqual(noted, about));
  const isNoted = earlier.some((noted) => isDeepStrictEqual(noted, entry));
  if (!isNoted && !isDeepStrictEqual(before, { paid: after.paid, refunded: after.refunded })) {
    await store.audit.append({ at: nowDate(), actor: 'system', action: lateAction, subject: orderId, ...entry });
  }
  return sum((isNoted ? earlier : [...earlier, entry]).map((noted) => noted.after.refunded - noted.before.refunded));
}

async function settle(ports: BillingPorts, order: OrderRecord, baseKey: string): Promise<ChargedMoney> {
  const { store, gateway } = ports;
  if (order.state === 'fulfilled') throw new ReasonError('already_ready', 'the money of a delivered order');
  const customerKey = customerKeyOf(payerOf(order));
  const wasAttempted = order.payment !== undefined || (await store.createIntents.exists(customerKey));
  if (!wasAttempted) return { paid: 0, refunded: 0 };
  const customerId = order.payment?.customerId ?? (await customerOf(ports, order));
  try {
    const made = await gateway.endSubscriptionsOf({ customerId, orderId: order._id });
    for (const { id, status } of made.subscriptions) await store.subscriptions.noteStatus(id, status);
    await store.orders.addInvoices(order._id, made.invoiceIds);
    const invoiceIds = [...order.invoiceIds, ...made.invoiceIds];
    return await gateway.settleInvoices({ baseKey, orderId: order._id, invoiceIds });
  } catch (error) {
    if (error instanceof ReasonError && error.code === 'money_in_flight') {
      await store.orders.move(order._id, { to: 'settling' });
    }
    // An earlier try may have recorded money as given back that has come back since.
    if (error instanceof ReasonError && error.code === 'refund_failed') {
      const latest = (await store.orders.find(order._id)) ?? order;
      await store.orders.setMoney(order._id, await gateway.chargedFor(latest.invoiceIds));
    }
    throw error;
  }
}
