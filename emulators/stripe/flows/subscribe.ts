import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { Context } from '../kernel/context.ts';
import { cardError, invalidRequest, StripeError } from '../kernel/errors.ts';
import { emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { amount, boolean, clearable, expand, list, mergeMetadata, metadata, paramsOf, text } from '../kernel/params.ts';
import { createSetupIntent } from '../resources/setup-intents.ts';
import { planOf } from '../resources/subscription-items.ts';
import { ratesOf } from '../resources/tax-rates.ts';
import { collect } from './collect.ts';
import { defaultMethod, defaultPayment, finalizeInvoice } from './invoice-lifecycle.ts';
import { paymentMethodTypeNames } from './payment-method-types.ts';
import { periodEnd } from './period.ts';
import { draftPeriod } from './period-invoice.ts';
import { startIncomplete } from './subscription-state.ts';

/** How invoices of the subscription are paid. */
export const paymentSettings = z.strictObject({
  payment_method_types: clearable(list(z.enum(paymentMethodTypeNames))).optional(),
  save_default_payment_method: z.enum(['off', 'on_subscription']).optional(),
});
export const CreateParams = paramsOf<Stripe.SubscriptionCreateParams>()(
  z.strictObject({
    billing_mode: z.strictObject({ type: z.enum(['classic', 'flexible']) }).optional(),
    cancel_at_period_end: boolean.optional(),
    collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
    currency: text(3).optional(),
    customer: text(),
    days_until_due: amount.optional(),
    default_payment_method: text().optional(),
    default_tax_rates: clearable(list(text())).optional(),
    description: text(500).optional(),
    expand: expand.optional(),
    items: list(
      z.strictObject({
        price: text(),
        quantity: amount.optional(),
        metadata: metadata.optional(),
        tax_rates: clearable(list(text())).optional(),
      }),
    ),
    metadata: metadata.optional(),
    off_session: boolean.optional(),
    payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
    payment_settings: paymentSettings.optional(),
    proration_behavior: z.enum(['always_invoice', 'create_prorations', 'none']).optional(),
  }),
);
type Params = z.output<typeof CreateParams>;
type ItemParams = Params['items'][number];

/**
 * A new subscription with its items, its first invoice and, if something is due, its payment intent.
 *
 * `default_incomplete` waits for the customer; `allow_incomplete` and `error_if_incomplete` try the default payment
 * method at once, the latter rolling everything back (402) if that fails. `send_invoice` is active at once and leaves
 * its first invoice a draft.
 */
export function createSubscription(ctx: Context, params: Params): Stripe.Subscription {
  const customer = ctx.store.get('customer', params.customer, 'customer');
  const prices = params.items.map((item, place) => recurringPrice(ctx, item, `items[${place}][price]`));
  const sends = params.collection_method === 'send_invoice';
  checkParams(params, { prices, sends });
  const taxRates = ratesOf(ctx, params.default_tax_rates, 'default_tax_rates');
  const types = params.payment_settings?.payment_method_types || null;
  const created = ctx.clock.seconds();
  const subscription = ctx.store.insert<Stripe.Subscription>({
    id: newId('sub'),
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: created,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: null, type: params.billing_mode?.type ?? 'flexible', updated_at: created },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: params.cancel_at_period_end ?? false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: params.collection_method ?? 'charge_automatically',
    created,
    currency: prices[0]!.currency,
    customer: customer.id,
    customer_account: null,
    days_until_due: params.days_until_due ?? null,
    default_payment_method: params.default_payment_method ?? null,
    default_source: null,
    default_tax_rates: taxRates,
    description: params.description ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: { object: 'list', data: [], has_more: false, url: '' },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: mergeMetadata({}, params.metadata),
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: types,
      save_default_payment_method: params.payment_settings?.save_default_payment_method ?? 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: created,
    status: sends ? 'active' : 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' } },
    trial_start: null,
  });
  const items = params.items.map((item, place) => addItem(ctx, subscription, { item, price: prices[place]! }));
  const draft = draftPeriod(ctx, {
    ...{ subscription, customer, items, reason: 'subscription_create', autoAdvance: sends },
  });
  const announced = { ...subscription, latest_invoice: draft.id };
  ctx.store.save(announced);
  emit(ctx, 'customer.subscription.created', announced);
  emit(ctx, 'invoice.created', draft);
  if (sends) return announced;
  startIncomplete(ctx, announced);
  const invoice = finalizeInvoice(ctx, draft);
  if (invoice.status === 'paid') return withSetupIntent(ctx, announced.id);
  if (params.payment_behavior !== 'default_incomplete') payNow(ctx, invoice, params);
  return ctx.store.get('subscription', announced.id);
}

function recurringPrice(ctx: Context, item: ItemParams, param: string): Stripe.Price {
  const price = ctx.store.get('price', item.price, param);
  if (price.type !== 'recurring') {
    throw invalidRequest({
      message:
        'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
      param,
    });
  }
  if (!price.active) {
    throw invalidRequest({
      message: 'The price specified is inactive. This field only accepts active prices.',
      param,
    });
  }
  return price;
}

function checkParams(params: Params, { prices, sends }: { prices: Stripe.Price[]; sends: boolean }): void {
  if (prices.length === 0) {
    throw invalidRequest({ code: 'parameter_missing', message: 'Missing required param: items.', param: 'items' });
  }
  if (new Set(prices.map((price) => price.currency)).size > 1) {
    throw invalidRequest({
      message: 'All prices on a subscription must have the same `currency`.',
      param: 'items',
    });
  }
  const shapes = new Set(prices.map((price) => `${price.recurring!.interval_count} ${price.recurring!.interval}`));
  if (params.billing_mode?.type === 'classic' && shapes.size > 1) {
    throw invalidRequest({
      message: 'All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.',
      param: 'items',
    });
  }
  if (sends && params.days_until_due === undefined) {
    throw invalidRequest({
      code: 'parameter_missing',
      message: 'You must specify `days_until_due` when `collection_method` is `send_invoice`.',
      param: 'days_until_due',
    });
  }
}

function addItem(
  ctx: Context,
  subscription: Stripe.Subscription,
  { item, price }: { item: ItemParams; price: Stripe.Price },
): Stripe.SubscriptionItem {
  return ctx.store.insert<Stripe.SubscriptionItem>({
    id: newId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: subscription.created,
    current_period_end: periodEnd(subscription.created, price.recurring!),
    current_period_start: subscription.created,
    current_trial: null,
    discounts: [],
    metadata: mergeMetadata({}, item.metadata),
    plan: planOf(price),
    price,
    quantity: item.quantity ?? 1,
    subscription: subscription.id,
    tax_rates: ratesOf(ctx, item.tax_rates, 'tax_rates'),
  });
}

/** Nothing was due, but the next period will be: the customer may save a payment method for it. */
function withSetupIntent(ctx: Context, id: string): Stripe.Subscription {
  const subscription = ctx.store.get('subscription', id);
  if (subscription.default_payment_method) return subscription;
  const intent = createSetupIntent(ctx, {
    customer: subscription.customer as string,
    description: null,
    metadata: {},
    usage: 'off_session',
    allowedTypes: null,
  });
  const waiting = { ...subscription, pending_setup_intent: intent.id };
  ctx.store.save(waiting);
  return waiting;
}

function payNow(ctx: Context, invoice: Stripe.Invoice, params: Params): void {
  const methodId = defaultMethod(ctx, invoice);
  if (methodId === null) {
    throw invalidRequest({
      code: 'resource_missing',
      message:
        'This customer has no attached payment source or default payment method. Please consider adding a default payment method.',
    });
  }
  const payment = defaultPayment(ctx, invoice)!;
  const collected = collect(ctx, ctx.store.get('payment_intent', payment.payment.payment_intent as string), {
    method: ctx.store.get('payment_method', methodId),
    offSession: params.off_session ?? false,
  });
  if (params.payment_behavior !== 'error_if_incomplete' || collected.intent.status === 'succeeded') return;
  const refusal = cardError({
    code: 'subscription_payment_intent_requires_action',
    message: 'Payment for this subscription requires additional user action before it can be completed successfully.',
    ...collected.error,
  });
  // Rolled back: with this behaviour an unpaid subscription is never created.
  throw new StripeError(refusal.status, refusal.detail);
}
