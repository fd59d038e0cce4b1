import type Stripe from 'stripe';
import type { OrderPayment } from '../contracts/order-payment.ts';
import { call } from './client.ts';
import { toReason } from './errors.ts';

/** The state of the first payment of an order at Stripe. Amounts in minor units. */
export type PaymentState =
  /** `outside`: the part of the amount that was paid outside Stripe. */
  | { kind: 'paid'; amount: number; outside: number; paidUntil: Date | undefined }
  | {
      kind: 'open';
      /** Attempts that were charged and declined. */
      declines: number;
      /** The payment method whose 3-D Secure challenge was refused last; such an attempt has no charge. */
      refusedChallenge: string | undefined;
      lastDecline: string | undefined;
    }
  /** Confirmed by the customer; the bank has not answered yet. */
  | { kind: 'processing' }
  | { kind: 'closed' };

/**
 * Reads Stripe once. `paid` follows from the invoice alone (never from the subscription's status, which may be active
 * before any money moved); `closed` means that it can no longer be paid.
 */
export async function readPayment(stripe: Stripe, payment: OrderPayment): Promise<PaymentState> {
  const invoice = await call('invoice', stripe.invoices.retrieve(payment.invoiceId));
  if (invoice.status === 'paid') {
    const { amount_paid: amount, amount_paid_off_stripe: outside } = invoice;
    return { kind: 'paid', amount, outside: outside ?? 0, paidUntil: periodEndOf(invoice) };
  }
  if (invoice.status === 'void' || invoice.status === 'uncollectible') return { kind: 'closed' };
  if (!payment.paymentIntentId) {
    return { kind: 'open', declines: 0, refusedChallenge: undefined, lastDecline: undefined };
  }

  const intent = await call('payment_intent', stripe.paymentIntents.retrieve(payment.paymentIntentId));
  if (intent.status === 'processing') return { kind: 'processing' };
  const error = intent.last_payment_error;
  const isRefusal = error?.code === 'payment_intent_authentication_failure';
  return {
    kind: 'open',
    declines: error ? await countDeclines(stripe, intent.id) : 0,
    refusedChallenge: isRefusal ? error.payment_method?.id : undefined,
    lastDecline: error?.decline_code ?? error?.code ?? undefined,
  };
}

/** End of the last period on an invoice; undefined without a subscription. */
export function periodEndOf({ lines }: Stripe.Invoice): Date | undefined {
  const ends = lines.data.filter(({ subscription }) => subscription !== null).map(({ period }) => period.end);
  return ends.length > 0 ? new Date(Math.max(...ends) * 1_000) : undefined;
}

async function countDeclines(stripe: Stripe, paymentIntent: string): Promise<number> {
  let declines = 0;
  try {
    for await (const charge of stripe.charges.list({ payment_intent: paymentIntent, limit: 100 })) {
      if (charge.status === 'failed') declines += 1;
    }
  } catch (error) {
    throw toReason(error);
  }
  return declines;
}

/** The client secret with which the browser confirms the first payment; undefined when there is nothing to pay. */
export async function clientSecretOf(stripe: Stripe, payment: OrderPayment): Promise<string | undefined> {
  const invoice = await call(
    'invoice',
    stripe.invoices.retrieve(payment.invoiceId, { expand: ['confirmation_secret'] }),
  );
  return invoice.confirmation_secret?.client_secret;
}
