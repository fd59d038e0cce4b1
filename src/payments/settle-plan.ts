import type Stripe from 'stripe';

/** What Stripe holds for one invoice of an order. Amounts in minor units. */
export interface InvoiceFacts {
  invoiceId: string;
  status: Stripe.Invoice.Status;
  /** Credited after payment so far. */
  credited: number;
  total: number;
  lines: readonly { id: string; quantity: number; amount: number }[];
  payments: {
    paymentIntentId: string;
    status: Stripe.PaymentIntent.Status;
    received: number;
    refunded: number;
    refundFailed: boolean;
  }[];
}

export type SettleAction =
  | { kind: 'settled'; money: { paid: number; refunded: number } }
  | { kind: 'in_flight'; invoiceId: string }
  | { kind: 'refund_failed'; invoiceId: string }
  | { kind: 'delete_draft'; invoiceId: string }
  | { kind: 'void'; invoiceId: string }
  | { kind: 'credit'; invoiceId: string; refundAmount: number; lines: { id: string; quantity: number }[] }
  | { kind: 'refund_stray'; paymentIntentId: string; amount: number };

/**
 * The next thing to do so that an order keeps no money and leaves nothing open, from what Stripe holds now
 * (design 5, billing.settle). Pure: called again after each action with fresh facts, until it says `settled`.
 */
export function nextSettleAction(invoices: readonly InvoiceFacts[]): SettleAction {
  let inFlight: string | undefined;
  let failed: string | undefined;
  for (const invoice of invoices) {
    const received = sum(invoice.payments.map((payment) => payment.received));
    const refunded = sum(invoice.payments.map((payment) => payment.refunded));
    const processing = invoice.payments.some((payment) => payment.status === 'processing');
    switch (invoice.status) {
      case 'draft':
        return { kind: 'delete_draft', invoiceId: invoice.invoiceId };
      case 'open':
      case 'uncollectible':
        if (!processing) return { kind: 'void', invoiceId: invoice.invoiceId };
        inFlight = invoice.invoiceId;
        break;
      case 'paid':
        if (invoice.credited < invoice.total) {
          return {
            kind: 'credit',
            invoiceId: invoice.invoiceId,
            refundAmount: received - refunded,
            lines: invoice.lines.filter(({ amount }) => amount > 0).map(({ id, quantity }) => ({ id, quantity })),
          };
        }
        if (refunded < received) failed = invoice.invoiceId;
        break;
      case 'void': {
        const stray = invoice.payments.find((payment) => payment.received > payment.refunded);
        if (stray && !stray.refundFailed) {
          return {
            kind: 'refund_stray',
            paymentIntentId: stray.paymentIntentId,
            amount: stray.received - stray.refunded,
          };
        }
        if (stray) failed = invoice.invoiceId;
        break;
      }
      default:
        throw new Error(`unknown invoice status ${String(invoice.status)}`);
    }
  }
  if (inFlight) return { kind: 'in_flight', invoiceId: inFlight };
  if (failed) return { kind: 'refund_failed', invoiceId: failed };
  const payments = invoices.flatMap((invoice) => invoice.payments);
  return {
    kind: 'settled',
    money: {
      paid: sum(payments.map((payment) => payment.received)),
      refunded: sum(payments.map((payment) => payment.refunded)),
    },
  };
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
