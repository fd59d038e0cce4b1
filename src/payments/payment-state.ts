import type Stripe from 'stripe';
import type { OrderInvoice, OrderPayment, PaymentChallenge } from '../contracts/order-payment.ts';
import { call } from './client.ts';
import { toReason } from './errors.ts';

/** The state of the first payment of an order at Stripe. Amounts in minor units. */
export type PaymentState =
  | {
      kind: 'paid';
      amount: number;
      /** The part of the amount that was paid outside Stripe. */
      outside: number;
      paidUntil: Date | undefined;
      invoice: OrderInvoice | undefined;
    }
  | {
      kind: 'open';
      /** Attempts that were charged and declined. */
      declines: number;
      lastDecline: string | undefined;
      /** The 3-D Secure challenge of the last attempt; an attempt whose challenge was refused has no charge. */
      challenge: PaymentChallenge | undefined;
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
    const { number, hosted_invoice_url: url, amount_paid: amount, amount_paid_off_stripe: outside } = invoice;
    const document = number ? { number, url: url ?? undefined } : undefined;
    return { kind: 'paid', amount, outside: outside ?? 0, paidUntil: periodEndOf(invoice), invoice: document };
  }
  if (invoice.status === 'void' || invoice.status === 'uncollectible') return { kind: 'closed' };
  if (!payment.paymentIntentId) return { kind: 'open', declines: 0, lastDecline: undefined, challenge: undefined };

  const intent = await call('payment_intent', stripe.paymentIntents.retrieve(payment.paymentIntentId));
  if (intent.status === 'processing') return { kind: 'processing' };
  const error = intent.last_payment_error;
  const isOpen = intent.status === 'requires_action';
  return {
    kind: 'open',
    declines: error || isOpen ? await countDeclines(stripe, intent.id) : 0,
    lastDecline: isOpen ? undefined : (error?.decline_code ?? error?.code ?? undefined),
    challenge: challengeOf(intent),
  };
}

/** The challenge that waits for the buyer, or that they have refused or failed. */
function challengeOf({ status, payment_method: method, last_payment_error: error }: Stripe.PaymentIntent) {
  const isRefused = status !== 'requires_action';
  if (isRefused && error?.code !== 'payment_intent_authentication_failure') return undefined;
  const asked = isRefused ? error?.payment_method : method;
  const paymentMethodId = typeof asked === 'string' ? asked : asked?.id;
  return paymentMethodId === undefined ? undefined : { paymentMethodId, isRefused };
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
