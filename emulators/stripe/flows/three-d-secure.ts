import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { failSetup, setUp } from '../resources/setup-intents.ts';
import { collect, failAuthentication } from './collect.ts';

type Intent = Stripe.PaymentIntent | Stripe.SetupIntent;

/** The intent waiting for its customer's bank; 404 for any other id. */
export function challenged(ctx: Context, id: string): Intent {
  return id.startsWith('seti_') ? ctx.store.get('setup_intent', id, 'id') : ctx.store.get('payment_intent', id, 'id');
}

/**
 * The customer's answer to their bank, and its effect on the intent. An intent that is not waiting is refused (400).
 */
export function answerChallenge(ctx: Context, intent: Intent, answer: 'approve' | 'refuse'): Intent {
  if (intent.status !== 'requires_action') {
    throw invalidRequest({
      code: `${intent.object}_unexpected_state`,
      message: `This payment does not wait for an authentication: its status is ${intent.status}.`,
    });
  }
  const method = ctx.store.get('payment_method', intent.payment_method as string);
  const returnUrl = intent.next_action?.redirect_to_url?.return_url ?? null;
  if (intent.object === 'payment_intent') {
    return answer === 'refuse'
      ? failAuthentication(ctx, intent).intent
      : collect(ctx, intent, { method, approved: true, returnUrl }).intent;
  }
  return answer === 'refuse'
    ? failSetup(ctx, intent, {
        code: 'setup_intent_authentication_failure',
        message:
          'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
      }).intent
    : setUp(ctx, intent, { method, approved: true, returnUrl }).intent;
}

/** Where the customer's browser is sent, with Stripe's additions; null if the merchant named no address. */
export function returnAddress(before: Intent, after: Intent): string | null {
  const address = before.next_action?.redirect_to_url?.return_url;
  if (!address) return null;
  const url = new URL(address);
  url.searchParams.set(after.object, after.id);
  url.searchParams.set(`${after.object}_client_secret`, after.client_secret ?? '');
  url.searchParams.set('redirect_status', after.status === 'succeeded' ? 'succeeded' : 'failed');
  return url.href;
}
