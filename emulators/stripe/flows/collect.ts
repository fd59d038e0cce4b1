import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { type ErrorDetail, invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { recordCharge } from '../resources/charges.ts';
import { attachToCustomer } from '../resources/payment-methods.ts';
import { invoiceOf } from './intents.ts';
import { markPaid } from './invoice-lifecycle.ts';
import { type Instrument, typeOf } from './payment-method-types.ts';

/** The result of one attempt; `error` is what a caller gets for a refusal. */
export interface Collected {
  intent: Stripe.PaymentIntent;
  error: Omit<ErrorDetail, 'type'> | null;
}

const confirmable = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

/**
 * Tries to collect a payment intent, and updates everything affected: the charge, the intent, its invoice, its
 * subscription.
 *
 * `offSession`: the customer is not present. `challenge`: whether 3-D Secure may then wait for them; otherwise needing
 * it is a refusal. `approved`: they have just passed it.
 */
export function collect(
  ctx: Context,
  before: Stripe.PaymentIntent,
  how: {
    method: Stripe.PaymentMethod;
    approved?: boolean;
    offSession?: boolean;
    challenge?: boolean;
    returnUrl?: string | null;
  },
): Collected {
  const { method, approved = false, offSession = false, challenge = true, returnUrl = null } = how;
  checkConfirmable(before);
  checkMethod(before, method);
  const instrument = ctx.store.hidden<Instrument>(method.id)!;
  const attempt = typeOf(method).attempt(instrument, { approved, offSession });
  const intent = change(ctx, before, { payment_method: method.id, last_payment_error: null, next_action: null });
  if (attempt.outcome === 'requires_action' && challenge) return awaitApproval(ctx, intent, returnUrl);
  if (attempt.outcome === 'requires_action') {
    const decline = {
      code: 'authentication_required',
      decline_code: 'authentication_required',
      message: 'Your card was declined. This transaction requires authentication.',
    };
    return refuse(ctx, { intent, method, decline, charged: true });
  }
  if (attempt.outcome === 'declined') return refuse(ctx, { intent, method, decline: attempt.decline, charged: true });
  return succeed(ctx, { intent, method, instrument, approved });
}

/** The customer did not pass 3-D Secure: no charge was made, another payment method may be tried. */
export function failAuthentication(ctx: Context, intent: Stripe.PaymentIntent): Collected {
  const method = ctx.store.get('payment_method', intent.payment_method as string);
  const decline = {
    code: 'payment_intent_authentication_failure',
    message:
      'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
  };
  return refuse(ctx, { intent, method, decline, charged: false });
}

function succeed(
  ctx: Context,
  paid: { intent: Stripe.PaymentIntent; method: Stripe.PaymentMethod; instrument: Instrument; approved: boolean },
): Collected {
  const { method, instrument, approved } = paid;
  const joined = invoiceOf(ctx, paid.intent);
  const charge = recordCharge(ctx, { intent: paid.intent, method, approved, decline: null });
  if (paid.intent.setup_future_usage && paid.intent.customer) {
    const saved = method.customer ? method : attachToCustomer(ctx, method, paid.intent.customer as string);
    if (approved) ctx.store.save(saved, { ...instrument, setUp: true });
  }
  const intent = change(
    ctx,
    paid.intent,
    { status: 'succeeded', amount_received: paid.intent.amount, latest_charge: charge.id },
    'payment_intent.succeeded',
  );
  if (joined) markPaid(ctx, countAttempt(ctx, joined.invoice), intent);
  return { intent, error: null };
}

function awaitApproval(ctx: Context, confirmed: Stripe.PaymentIntent, returnUrl: string | null): Collected {
  const url = `${ctx.config.address}/emulator/3ds/${confirmed.id}`;
  const next_action = { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } };
  const intent = change(ctx, confirmed, { status: 'requires_action', next_action }, 'payment_intent.requires_action');
  const joined = invoiceOf(ctx, intent);
  if (joined) emit(ctx, 'invoice.payment_action_required', countAttempt(ctx, joined.invoice));
  return { intent, error: null };
}

function refuse(
  ctx: Context,
  refused: {
    intent: Stripe.PaymentIntent;
    method: Stripe.PaymentMethod;
    decline: { code: string; decline_code?: string; message: string };
    charged: boolean;
  },
): Collected {
  const { method, decline, charged } = refused;
  const charge = charged ? recordCharge(ctx, { intent: refused.intent, method, approved: false, decline }) : null;
  const error = { ...decline, ...(charge ? { charge: charge.id } : {}) };
  const type = charged ? 'card_error' : 'invalid_request_error';
  const intent = change(
    ctx,
    refused.intent,
    {
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      latest_charge: charge?.id ?? refused.intent.latest_charge,
      last_payment_error: { type, ...error, payment_method: method },
    },
    'payment_intent.payment_failed',
  );
  const joined = invoiceOf(ctx, intent);
  if (joined) emit(ctx, 'invoice.payment_failed', countAttempt(ctx, joined.invoice));
  return { intent, error: { ...error, payment_method: method, payment_intent: intent } };
}

function countAttempt(ctx: Context, invoice: Stripe.Invoice): Stripe.Invoice {
  return change(ctx, invoice, { attempted: true, attempt_count: invoice.attempt_count + 1 });
}

function checkConfirmable(intent: Stripe.PaymentIntent): void {
  if (confirmable.includes(intent.status)) return;
  throw invalidRequest({
    code: 'payment_intent_unexpected_state',
    message:
      intent.status === 'succeeded'
        ? 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
        : `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`,
  });
}

function checkMethod(intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): void {
  if (!intent.payment_method_types.includes(method.type)) {
    throw invalidRequest({
      code: 'payment_intent_incompatible_payment_method',
      message: `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent.`,
      param: 'payment_method',
    });
  }
  if (method.customer && method.customer !== intent.customer) {
    throw invalidRequest({
      message: 'The provided PaymentMethod belongs to another Customer than the PaymentIntent.',
      param: 'payment_method',
    });
  }
}
