import { z } from 'zod';
import type { OrderPaymentAnswer } from '../../contracts/api/orders.ts';

/** Stripe's test cards that the demo uses. */
export const testCards = { good: '4242424242424242', declined: '4000000000000002' } as const;

const Intent = z.object({ object: z.literal('payment_intent'), status: z.string() });
const Refusal = z.object({ error: z.object({ code: z.string().optional(), message: z.string().optional() }) });

/**
 * Confirms a payment as a browser does: directly at Stripe, with the publishable key and the client secret. Returns the
 * state of the payment, or `declined` with Stripe's code.
 */
export async function payWithCard(
  payment: OrderPaymentAnswer,
  number: string,
): Promise<{ status: string } | { declined: string }> {
  const { clientSecret } = payment;
  if (clientSecret === null) return { status: 'succeeded' };
  const [intent] = clientSecret.split('_secret_');
  const year = new Date().getFullYear() + 3;
  const form = new URLSearchParams({
    client_secret: clientSecret,
    'payment_method_data[type]': 'card',
    'payment_method_data[card][number]': number,
    'payment_method_data[card][exp_month]': '12',
    'payment_method_data[card][exp_year]': String(year),
    'payment_method_data[card][cvc]': '123',
  });
  const answer = await fetch(new URL(`/v1/payment_intents/${intent}/confirm`, payment.apiBase), {
    method: 'POST',
    headers: { authorization: `Bearer ${payment.publishableKey}` },
    body: form,
  });
  const document: unknown = await answer.json();
  if (answer.ok) return { status: Intent.parse(document).status };
  const { code, message } = Refusal.parse(document).error;
  if (answer.status === 402) return { declined: code ?? 'card_declined' };
  throw new Error(`Stripe refused the payment: ${message ?? answer.status}`);
}
