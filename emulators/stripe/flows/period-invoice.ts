import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { draftInvoice, sumInvoice } from './invoice-lifecycle.ts';
import { addLine } from './invoice-lines.ts';

/** A draft over one period of these items of a subscription: its first invoice, or that of a renewal. */
export function draftPeriod(
  ctx: Context,
  given: {
    subscription: Stripe.Subscription;
    customer: Stripe.Customer;
    items: Stripe.SubscriptionItem[];
    reason: 'subscription_create' | 'subscription_cycle';
    autoAdvance: boolean;
  },
): Stripe.Invoice {
  const { subscription, customer, items, reason, autoAdvance } = given;
  const draft = draftInvoice(ctx, {
    customer,
    currency: subscription.currency,
    subscription,
    reason,
    defaultTaxRates: subscription.default_tax_rates ?? [],
    collectionMethod: subscription.collection_method,
    daysUntilDue: subscription.collection_method === 'send_invoice' ? subscription.days_until_due : null,
    autoAdvance,
    metadata: {},
    description: null,
    footer: null,
    paymentMethodTypes: subscription.payment_settings?.payment_method_types ?? null,
    defaultPaymentMethod: null,
  });
  for (const item of items) {
    const product = ctx.store.get('product', item.price.product as string);
    const quantity = item.quantity ?? 1;
    addLine(ctx, draft, {
      amount: (item.price.unit_amount ?? 0) * quantity,
      description: `${quantity} × ${product.name}`,
      quantity,
      period: { start: item.current_period_start, end: item.current_period_end },
      parent: {
        invoice_item_details: null,
        subscription_item_details: {
          invoice_item: null,
          proration: false,
          proration_details: null,
          subscription: subscription.id,
          subscription_item: item.id,
        },
        type: 'subscription_item_details',
      },
      price: item.price,
      taxRates: item.tax_rates ?? [],
      metadata: item.metadata,
      subscription: subscription.id,
    });
  }
  return sumInvoice(ctx, draft);
}
