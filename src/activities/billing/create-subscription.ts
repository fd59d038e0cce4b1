import type { StepContext } from '../../contracts/workflow-messages.ts';
import { orderedBillingEmail } from '../../domain/billing/address-correction.ts';
import type { Payer } from '../../payments/customers.ts';
import { nowDate } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import type { OrderRecord, QuoteLine } from '../../store/records.ts';
import { findLiveOrder } from '../lib/live-order.ts';
import type { BillingPorts } from './ports.ts';

/**
 * This step creates the customer and the subscription of an order, with its first invoice open, and the record of the
 * subscription. Undo: `settle-money`. Errors: those of the gateway; `price_not_honoured` ends the order.
 */
export function createSubscription({ store, gateway }: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await findLiveOrder(store, context);
    if (order.payment) return;
    const customerId = await customerOf({ gateway }, order);
    const payment = await gateway.createSubscription({
      baseKey: `${context.instanceId}:${context.operationId}:${context.step}`,
      customerId,
      orderId: order._id,
      instanceId: order.instanceId,
      total: order.quote.total,
      tax: order.quote.tax,
      items: pricedLinesOf(order.quote.lines),
      currency: order.quote.currency,
    });
    const { subject, lines } = order.quote;
    await store.subscriptions.open({
      _id: newId.subscription(),
      accountId: order.accountId,
      orderId: order._id,
      subject: { kind: 'instance', id: order.instanceId },
      customerId,
      stripeId: payment.subscriptionId,
      items: pricedLinesOf(lines).map(({ lookupKey, quantity }) => ({ lookupKey, quantity })),
      cycle: subject.cycle,
      paymentMethod: order.paymentMethod,
      status: 'incomplete',
      createdAt: nowDate(),
    });
    await store.orders.setPayment(order._id, payment);
  };
}

/** The lines of a quote that have a price at Stripe. */
function pricedLinesOf(lines: readonly QuoteLine[]): (QuoteLine & { lookupKey: string })[] {
  return lines.flatMap((line) => (line.lookupKey ? [{ ...line, lookupKey: line.lookupKey }] : []));
}

/** The buyer of an order and the recipient of its invoices. */
export function payerOf(order: OrderRecord): Payer {
  const { _id, accountId, memberId, billing } = order;
  const { name, line1, city, postalCode, country } = billing;
  return {
    buyer: memberId === undefined ? _id : accountId,
    accountId,
    identity: { name, email: orderedBillingEmail(order), address: { line1, city, postalCode, country } },
  };
}

/** The Stripe customer of the order's buyer and billing identity; created when there is none. */
export async function customerOf({ gateway }: Pick<BillingPorts, 'gateway'>, order: OrderRecord): Promise<string> {
  const customer = await gateway.ensureCustomer(payerOf(order));
  return customer.id;
}
