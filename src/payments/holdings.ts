import type Stripe from 'stripe';
import { sum } from '../domain/billing/money.ts';
import type { MoneyFacts } from '../domain/fleet/reconcile.ts';
import { toReason } from './errors.ts';
import { latePaymentsOf } from './late-payment-plan.ts';
import { readInvoices } from './settle.ts';
import { hasEnded, subscriptionsOfOrder } from './subscriptions.ts';

const openStatuses: readonly Stripe.Invoice.Status[] = ['draft', 'open', 'uncollectible'];

/**
 * What Stripe holds now for an order: the money of its own invoices, and whether its subscription is live. Read-only.
 * Errors: `payment_provider_unavailable`.
 */
export async function holdingsOfOrder(
  stripe: Stripe,
  { customerId, orderId, invoiceIds }: { customerId: string; orderId: string; invoiceIds: readonly string[] },
): Promise<MoneyFacts> {
  const subscriptions = await subscriptionsOfOrder(stripe, customerId, orderId).catch((error) => {
    throw toReason(error);
  });
  const invoices = await readInvoices(stripe, invoiceIds);
  const payments = invoices.flatMap((invoice) => invoice.payments);
  return {
    paid: sum(payments.map(({ received }) => received)),
    refunded: sum(payments.map(({ refunded }) => refunded)),
    unrefunded: latePaymentsOf(orderId, payments).map(({ paymentIntentId }) => paymentIntentId),
    openInvoices: invoices.filter(({ status }) => openStatuses.includes(status)).length,
    liveSubscriptions: subscriptions.filter(({ status }) => !hasEnded(status)).length,
    inFlight: payments.some(({ status }) => status === 'processing'),
  };
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
