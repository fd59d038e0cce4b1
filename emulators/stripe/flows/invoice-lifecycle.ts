import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { cancelPaymentIntent, createPaymentIntent } from './intents.ts';
import { totalsOf } from './invoice-lines.ts';
import { activate, expireIncomplete } from './subscription-state.ts';

/** A new draft without lines; `invoice.created` is emitted only once its lines exist (see `announceDraft`). */
export function draftInvoice(
  ctx: Context,
  given: {
    customer: Stripe.Customer;
    currency: string;
    subscription: Stripe.Subscription | null;
    reason: Stripe.Invoice.BillingReason;
    defaultTaxRates: Stripe.TaxRate[];
    collectionMethod: Stripe.Invoice.CollectionMethod;
    daysUntilDue: number | null;
    autoAdvance: boolean;
    metadata: Stripe.Metadata;
    description: string | null;
    footer: string | null;
    paymentMethodTypes: Stripe.Invoice.PaymentSettings.PaymentMethodType[] | null;
    defaultPaymentMethod: string | null;
  },
): Stripe.Invoice {
  const created = ctx.clock.seconds();
  const { customer, subscription } = given;
  return ctx.store.insert<Stripe.Invoice>({
    id: newId('in'),
    object: 'invoice',
    account_country: 'ES',
    account_name: 'Freehold (Stripe emulator)',
    account_tax_ids: null,
    amount_due: 0,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_paid_off_stripe: 0,
    amount_remaining: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: given.autoAdvance,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: given.reason,
    collection_method: given.collectionMethod,
    created,
    currency: given.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    customer_tax_ids: [],
    default_payment_method: given.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: given.defaultTaxRates,
    description: given.description,
    discounts: [],
    due_date: given.daysUntilDue === null ? null : created + given.daysUntilDue * 86_400,
    effective_at: null,
    ending_balance: null,
    footer: given.footer ?? customer.invoice_settings.footer,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: 'list', data: [], has_more: false, url: '' },
    livemode: false,
    metadata: given.metadata,
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: subscription && {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: {
      default_mandate: null,
      payment_method_options: null,
      payment_method_types: given.paymentMethodTypes,
    },
    period_end: created,
    period_start: created,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: 0,
    subtotal_excluding_tax: 0,
    test_clock: null,
    total: 0,
    total_discount_amounts: [],
    total_excluding_tax: 0,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  });
}

/** The draft with the sums of its lines. */
export function sumInvoice(ctx: Context, invoice: Stripe.Invoice, event?: string): Stripe.Invoice {
  const { subtotal, withoutTax, total, taxes } = totalsOf(ctx.store.all('line_item', { invoice: invoice.id }));
  const patch: Partial<Stripe.Invoice> = {
    subtotal,
    subtotal_excluding_tax: withoutTax,
    total,
    total_excluding_tax: withoutTax,
    total_taxes: taxes,
    amount_due: total,
    amount_remaining: total,
  };
  return change(ctx, invoice, patch, event);
}

/**
 * Opens a draft: number, documents and the payment intent that pays it, less what the customer's credit balance pays.
 * An invoice of 0 is paid at once.
 */
export function finalizeInvoice(ctx: Context, draft: Stripe.Invoice): Stripe.Invoice {
  if (draft.status !== 'draft') {
    throw invalidRequest({
      code: 'invoice_not_editable',
      message: "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
    });
  }
  const at = ctx.clock.seconds();
  const { balance } = ctx.store.get('customer', draft.customer as string);
  const fromBalance = Math.min(Math.max(0, -balance), draft.amount_due);
  if (fromBalance > 0) moveBalance(ctx, draft.customer as string, fromBalance);
  const document = `${ctx.config.address}/emulator/invoices/${draft.id}`;
  const opened = change(
    ctx,
    draft,
    {
      number: nextNumber(ctx, draft.customer as string),
      status: 'open',
      effective_at: at,
      starting_balance: balance,
      ending_balance: balance + fromBalance,
      amount_due: draft.amount_due - fromBalance,
      amount_remaining: draft.amount_due - fromBalance,
      invoice_pdf: `${document}/pdf`,
      hosted_invoice_url: `${document}/pdf`,
      status_transitions: { ...draft.status_transitions, finalized_at: at },
    },
    'invoice.finalized',
  );
  if (opened.amount_due === 0) return markPaid(ctx, opened, null);
  attachIntent(ctx, opened);
  return opened;
}

/** Moves the balance of a customer; their credit is a negative one. */
export function moveBalance(ctx: Context, customerId: string, by: number): void {
  const customer = ctx.store.get('customer', customerId);
  ctx.store.save({ ...customer, balance: customer.balance + by });
}

/** The invoice is paid by this payment intent; null if nothing was due or it was paid differently. */
export function markPaid(ctx: Context, invoice: Stripe.Invoice, intent: Stripe.PaymentIntent | null): Stripe.Invoice {
  const at = ctx.clock.seconds();
  const offStripe = intent === null ? invoice.amount_remaining : 0;
  const payment = defaultPayment(ctx, invoice);
  if (payment && intent) {
    const paid: Partial<Stripe.InvoicePayment> = {
      status: 'paid',
      amount_paid: intent.amount_received,
      status_transitions: { canceled_at: null, paid_at: at },
    };
    change(ctx, payment, paid, 'invoice_payment.paid');
  }
  const paid = change(
    ctx,
    invoice,
    {
      status: 'paid',
      amount_paid: invoice.amount_due,
      amount_paid_off_stripe: offStripe,
      amount_remaining: 0,
      attempted: true,
      auto_advance: false,
      next_payment_attempt: null,
      status_transitions: { ...invoice.status_transitions, paid_at: at },
    },
    'invoice.updated',
  );
  emit(ctx, 'invoice.paid', paid);
  emit(ctx, 'invoice.payment_succeeded', paid);
  const subscription = firstSubscription(ctx, paid);
  if (subscription) activate(ctx, subscription, (intent?.payment_method as string | null | undefined) ?? null);
  return paid;
}

/** Voids an open invoice, with its pending payment and what the balance paid; 400 for any other. */
export function voidInvoice(ctx: Context, invoice: Stripe.Invoice): Stripe.Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw invalidRequest({
      code: 'status_transition_invalid',
      message: `You can only void an invoice that is open or uncollectible. This invoice is ${invoice.status}.`,
    });
  }
  const at = ctx.clock.seconds();
  const payment = defaultPayment(ctx, invoice);
  if (payment) {
    const intent = ctx.store.get('payment_intent', payment.payment.payment_intent as string);
    if (intent.status !== 'canceled') cancelPaymentIntent(ctx, intent, 'void_invoice');
    const transitions = { canceled_at: at, paid_at: null };
    ctx.store.save({ ...payment, status: 'canceled', status_transitions: transitions });
  }
  const fromBalance = (invoice.ending_balance ?? invoice.starting_balance) - invoice.starting_balance;
  if (fromBalance > 0) moveBalance(ctx, invoice.customer as string, -fromBalance);
  const voided = change(
    ctx,
    invoice,
    {
      status: 'void',
      auto_advance: false,
      next_payment_attempt: null,
      status_transitions: { ...invoice.status_transitions, voided_at: at },
    },
    'invoice.voided',
  );
  const subscription = firstSubscription(ctx, voided);
  if (subscription) expireIncomplete(ctx, subscription);
  return voided;
}

/** The payment that Stripe created for the invoice when it was finalized. */
export function defaultPayment(ctx: Context, invoice: Stripe.Invoice): Stripe.InvoicePayment | undefined {
  return ctx.store.all('invoice_payment', { invoice: invoice.id }).find((payment) => payment.is_default);
}

/** The subscription whose first (or latest) invoice this is. */
function firstSubscription(ctx: Context, invoice: Stripe.Invoice): Stripe.Subscription | undefined {
  const id = invoice.parent?.subscription_details?.subscription as string | undefined;
  const subscription = id === undefined ? undefined : ctx.store.find('subscription', id);
  return subscription?.latest_invoice === invoice.id ? subscription : undefined;
}

/** What the payment of a subscription's invoice is for, by the reason of the invoice. */
const subscriptionWords: Record<string, string> = {
  subscription_create: 'Subscription creation',
  subscription_cycle: 'Subscription update',
};

function attachIntent(ctx: Context, invoice: Stripe.Invoice): void {
  const subscriptionId = invoice.parent?.subscription_details?.subscription as string | undefined;
  const subscription = subscriptionId === undefined ? undefined : ctx.store.get('subscription', subscriptionId);
  const saves = subscription?.payment_settings?.save_default_payment_method === 'on_subscription';
  const intent = createPaymentIntent(ctx, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer as string,
    description: subscription
      ? (subscriptionWords[invoice.billing_reason ?? ''] ?? null)
      : `Payment for Invoice ${invoice.number}`,
    paymentMethod: defaultMethod(ctx, invoice),
    setupFutureUsage: saves ? 'off_session' : null,
    types: invoice.payment_settings.payment_method_types ?? undefined,
  });
  ctx.store.insert<Stripe.InvoicePayment>({
    id: newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: ctx.clock.seconds(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/** The payment method of an invoice unless another is named: its own, its subscription's, its customer's. */
export function defaultMethod(ctx: Context, invoice: Stripe.Invoice): string | null {
  const subscriptionId = invoice.parent?.subscription_details?.subscription as string | undefined;
  const subscription = subscriptionId === undefined ? undefined : ctx.store.get('subscription', subscriptionId);
  const customer = ctx.store.find('customer', invoice.customer as string);
  const chosen =
    invoice.default_payment_method ??
    subscription?.default_payment_method ??
    customer?.invoice_settings.default_payment_method;
  return (chosen as string | null | undefined) ?? null;
}

function nextNumber(ctx: Context, customerId: string): string {
  const customer = ctx.store.get('customer', customerId);
  const sequence = customer.next_invoice_sequence ?? 1;
  ctx.store.save({ ...customer, next_invoice_sequence: sequence + 1 });
  return `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
}
