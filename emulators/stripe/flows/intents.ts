import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId, randomText } from '../kernel/ids.ts';
import { type PaymentMethodTypeName, paymentMethodTypeNames } from './payment-method-types.ts';

/** A new payment intent; emits `payment_intent.created`. */
export function createPaymentIntent(
  ctx: Context,
  given: {
    amount: number;
    currency: string;
    customer?: string | null;
    description?: string | null;
    metadata?: Stripe.Metadata;
    paymentMethod?: string | null;
    setupFutureUsage?: 'off_session' | 'on_session' | null;
    receiptEmail?: string | null;
    automaticPaymentMethods?: Stripe.PaymentIntent.AutomaticPaymentMethods | null;
    allowedTypes?: PaymentMethodTypeName[] | null;
    types?: string[];
  },
): Stripe.PaymentIntent {
  const id = newId('pi');
  const intent: Stripe.PaymentIntent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: given.allowedTypes ?? null,
    amount: given.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: given.automaticPaymentMethods ?? null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: 'automatic',
    created: ctx.clock.seconds(),
    currency: given.currency,
    customer: given.customer ?? null,
    customer_account: null,
    description: given.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: given.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: given.paymentMethod ?? null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: given.types ?? given.allowedTypes ?? [...paymentMethodTypeNames],
    payment_record: null,
    processing: null,
    receipt_email: given.receiptEmail ?? null,
    review: null,
    setup_future_usage: given.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: given.paymentMethod ? 'requires_confirmation' : 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
  ctx.store.insert(intent);
  emit(ctx, 'payment_intent.created', intent);
  return intent;
}

const cancellable = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
  'processing',
];

/** Cancels a payment intent that took no money; emits `payment_intent.canceled`; 400 if it did. */
export function cancelPaymentIntent(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  if (!cancellable.includes(intent.status)) {
    throw invalidRequest({
      code: 'payment_intent_unexpected_state',
      message: `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${cancellable.join(', ')}.`,
    });
  }
  const patch = {
    status: 'canceled',
    canceled_at: ctx.clock.seconds(),
    cancellation_reason: reason,
    next_action: null,
  } as const;
  return change(ctx, intent, patch, 'payment_intent.canceled');
}

/** The invoice that this payment intent pays, and the record that joins them. */
export function invoiceOf(
  ctx: Context,
  intent: Stripe.PaymentIntent,
): { invoice: Stripe.Invoice; payment: Stripe.InvoicePayment } | null {
  const payment = ctx.store.all('invoice_payment', { 'payment.payment_intent': intent.id })[0];
  return payment ? { payment, invoice: ctx.store.get('invoice', payment.invoice as string) } : null;
}

/** What Stripe shows a browser, which holds a publishable key, of an intent. */
export function publicView<Intent extends Stripe.PaymentIntent | Stripe.SetupIntent>(
  ctx: Context,
  intent: Intent,
): Intent {
  if (!ctx.publishable) return intent;
  const shown = Object.entries(intent).filter(([name]) => !keptFromBrowsers.has(name));
  return Object.fromEntries(shown) as unknown as Intent;
}

const keptFromBrowsers = new Set([
  'application',
  'application_fee_amount',
  'customer',
  'customer_account',
  'latest_charge',
  'metadata',
  'on_behalf_of',
  'payment_method_options',
  'review',
  'statement_descriptor',
  'statement_descriptor_suffix',
  'transfer_data',
  'transfer_group',
]);

/** Refuses a browser that does not know the intent's client secret. */
export function checkClientSecret(
  ctx: Context,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  given: string | undefined,
): void {
  if (given === undefined && !ctx.publishable) return;
  if (given === intent.client_secret) return;
  const kind = intent.object === 'payment_intent' ? 'PaymentIntent' : 'SetupIntent';
  throw invalidRequest({
    code: given === undefined ? 'parameter_missing' : `${intent.object}_invalid_parameter`,
    message:
      given === undefined
        ? 'Missing required param: client_secret.'
        : `The client_secret provided does not match any associated ${kind} on this account. Ensure the provided client_secret and ${kind} exist on the same account.`,
    param: 'client_secret',
  });
}
