import { type Evidence, fulfilled, type OrderFact, unfulfilled } from '../evidence.ts';

const ended = ['canceled', 'incomplete_expired'];
const open = ['open', 'draft'];

/**
 * A fulfilled order was charged once and has one live subscription; any other is fully refunded, with nothing left
 * open.
 */
export function moneyIsRight(evidence: Evidence): string[] {
  const { stripe } = evidence;
  const of = ({ id }: OrderFact) => {
    const subscriptions = stripe.subscriptions.filter(({ orderId }) => orderId === id);
    const ids = new Set(subscriptions.map((subscription) => subscription.id));
    const invoices = stripe.invoices.filter(({ subscriptionId }) => subscriptionId !== null && ids.has(subscriptionId));
    const charges = stripe.charges.filter(({ orderId }) => orderId === id);
    return {
      live: subscriptions.filter(({ status }) => !ended.includes(status)).length,
      open: invoices.filter(({ status }) => open.includes(status ?? '')).length,
      charges: charges.length,
      kept: charges.reduce((sum, { amount, refunded }) => sum + amount - refunded, 0),
    };
  };
  const violations: string[] = [];
  for (const order of fulfilled(evidence)) {
    const { live, open, charges, kept } = of(order);
    if (charges !== 1) violations.push(`order ${order.id} is fulfilled and was charged ${charges} times`);
    if (kept !== order.total) violations.push(`order ${order.id} is fulfilled for ${order.total}, and ${kept} is kept`);
    if (live !== 1) violations.push(`order ${order.id} is fulfilled and has ${live} live subscriptions`);
    if (open !== 0) violations.push(`order ${order.id} is fulfilled and has ${open} open invoices`);
  }
  for (const order of unfulfilled(evidence)) {
    const { live, open, kept } = of(order);
    if (kept !== 0) violations.push(`order ${order.id} ended ${order.state}, and ${kept} is kept`);
    if (live !== 0) violations.push(`order ${order.id} ended ${order.state} with ${live} live subscriptions`);
    if (open !== 0) violations.push(`order ${order.id} ended ${order.state} with ${open} open invoices`);
  }
  const orders = new Set(evidence.orders.map(({ id }) => id));
  for (const { id, orderId } of stripe.charges) {
    if (orderId === null || !orders.has(orderId)) violations.push(`charge ${id} belongs to no order`);
  }
  for (const { id, orderId, status } of stripe.subscriptions) {
    if (!ended.includes(status) && (orderId === null || !orders.has(orderId))) {
      violations.push(`the ${status} subscription ${id} belongs to no order`);
    }
  }
  const subscriptions = new Set(stripe.subscriptions.map(({ id }) => id));
  for (const { id, status, subscriptionId } of stripe.invoices) {
    if (open.includes(status ?? '') && (subscriptionId === null || !subscriptions.has(subscriptionId))) {
      violations.push(`the ${status} invoice ${id} belongs to no subscription`);
    }
  }
  return violations;
}
