import type Stripe from 'stripe';
import { sum } from '../domain/billing/money.ts';
import type { MoneyFacts } from '../domain/fleet/reconcile.ts';
import { toReason } from './errors.ts';
import { latePaymentsOf } from './late-payment-plan.ts';
import { readInvoices } from './settle.ts';
import { chargedFor, owedOutside } from './settle-plan.ts';
import { hasEnded, invoiceIdsOf, subscriptionsOfOrder } from './subscriptions.ts';

const openStatuses: readonly Stripe.Invoice.Status[] = ['draft', 'open', 'uncollectible'];

/**
 * What Stripe holds now for an order: the money of its invoices, and whether its subscription is live. A delivered
 * order has only its own invoices; of any other order every invoice counts that a subscription in its name ever had, so
 * that nothing kept for an undelivered server is missed. Read-only.
 * Errors: `payment_provider_unavailable`.
 */
export async function holdingsOfOrder(
  stripe: Stripe,
  {
    customerId,
    orderId,
    invoiceIds,
    delivered,
  }: { customerId: string; orderId: string; invoiceIds: readonly string[]; delivered: boolean },
): Promise<MoneyFacts> {
  const { subscriptions, others } = await readSubscriptionsOf(stripe, { customerId, orderId, delivered });
  const invoices = await readInvoices(stripe, [...new Set([...invoiceIds, ...others])]);
  const payments = invoices.flatMap((invoice) => invoice.payments);
  const { paid, refunded } = chargedFor(invoices);
  return {
    paid,
    refunded,
    owedOutside: sum(invoices.map(owedOutside)),
    unrefunded: latePaymentsOf(orderId, payments).map(({ paymentIntentId }) => paymentIntentId),
    openInvoices: invoices.filter(({ status }) => openStatuses.includes(status)).length,
    liveSubscriptions: subscriptions.filter(({ status }) => !hasEnded(status)).length,
    inFlight: payments.some(({ status }) => status === 'processing'),
  };
}

async function readSubscriptionsOf(
  stripe: Stripe,
  { customerId, orderId, delivered }: { customerId: string; orderId: string; delivered: boolean },
): Promise<{ subscriptions: Stripe.Subscription[]; others: string[] }> {
  try {
    const subscriptions = await subscriptionsOfOrder(stripe, customerId, orderId);
    return { subscriptions, others: delivered ? [] : await invoiceIdsOf(stripe, subscriptions) };
  } catch (error) {
    throw toReason(error);
  }
}

/**
 * A page of the live subscriptions with an order of ours in their metadata, in Stripe's order; `next` is null at the
 * end.
 */
export async function listLiveSubscriptions(
  stripe: Stripe,
  { after, limit }: { after: string; limit: number },
): Promise<{ items: { subscriptionId: string; orderId: string }[]; next: string | null }> {
  try {
    // Without a status, Stripe lists all that are not cancelled.
    const page = await stripe.subscriptions.list({ limit, ...(after ? { starting_after: after } : {}) });
    const items = page.data.flatMap(({ id, status, metadata }) => {
      const orderId = metadata.freehold_order;
      return orderId === undefined || hasEnded(status) ? [] : { subscriptionId: id, orderId };
    });
    return { items, next: page.has_more ? (page.data.at(-1)?.id ?? null) : null };
  } catch (error) {
    throw toReason(error);
  }
}
