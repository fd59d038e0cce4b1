import type Stripe from 'stripe';
import { sum } from '../domain/billing/money.ts';

/** One invoice as Stripe has it. Amounts in minor units. */
export interface InvoiceFacts {
  invoiceId: string;
  status: Stripe.Invoice.Status;
  /** With and without tax. */
  total: number;
  net: number;
  /** Credited so far: with and without tax. */
  credited: number;
  creditedNet: number;
  /** Paid by other ways than Stripe, for instance by transfer to our bank, and given back so, by the credit notes. */
  paidOutside: number;
  returnedOutside: number;
  /** Paid from the customer's credit balance, and given back to it. */
  paidFromBalance: number;
  returnedToBalance: number;
  /** Its tax rate; undefined without tax. */
  taxRateId: string | undefined;
  /** `amount` and `credited` are without tax. */
  lines: readonly { id: string; quantity: number; amount: number; credited: number }[];
  payments: {
    paymentIntentId: string;
    status: Stripe.PaymentIntent.Status;
    received: number;
    refunded: number;
    /** Refunded by hand: the part of `refunded` that no credit note accounts for. */
    byHand: readonly RefundPart[];
    refundFailed: boolean;
  }[];
}

export interface RefundPart {
  refundId: string;
  amount: number;
}

/**
 * A line to credit: a whole line, the rest of a line as an amount without tax, or one custom line for the rest of the
 * invoice.
 */
export type CreditedLine = { id: string; quantity: number } | { id: string; amount: number } | WholeRest;
export interface WholeRest {
  net: number;
  tax: number;
}

/**
 * Money in minor units that was paid and given back in any way; `paidOutside` is the part of it that Stripe never had,
 * absent where there is none.
 */
export interface ChargedMoney {
  paid: number;
  refunded: number;
  paidOutside?: number;
}

export type SettleAction =
  | { kind: 'settled'; money: ChargedMoney }
  | { kind: 'in_flight'; invoiceId: string }
  | { kind: 'refund_failed'; invoiceId: string }
  | { kind: 'delete_draft'; invoiceId: string }
  | { kind: 'void'; invoiceId: string }
  | {
      kind: 'credit';
      invoiceId: string;
      /** What the credit note itself refunds. */
      refundAmount: number;
      /** What goes back to the customer's credit balance. */
      balanceAmount: number;
      /** Earlier refunds by hand that the credit note accounts for. */
      refunds: RefundPart[];
      lines: CreditedLine[];
      taxRateId: string | undefined;
    }
  | { kind: 'refund_payment'; paymentIntentId: string; amount: number };

/**
 * The next action towards a state in which these invoices are fully refunded and none of them is open, from what Stripe
 * holds now. Pure: called again with fresh facts after each action, until it returns
 * `settled`. What was paid outside Stripe is left: a person returns it, and a credit note by hand says so.
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
        if (invoice.credited + owedOutside(invoice) < invoice.total) {
          const toCredit = invoice.total - invoice.credited - owedOutside(invoice);
          const refunds = refundsByHand(invoice, toCredit);
          const notBackYet = toCredit - sum(refunds.map(({ amount }) => amount));
          const refundAmount = Math.max(0, Math.min(notBackYet, received - refunded));
          const { paidFromBalance, returnedToBalance } = invoice;
          return {
            kind: 'credit',
            invoiceId: invoice.invoiceId,
            refundAmount,
            balanceAmount: Math.max(0, Math.min(notBackYet - refundAmount, paidFromBalance - returnedToBalance)),
            refunds,
            lines: owedOutside(invoice) > 0 ? [partOf(invoice, toCredit)] : linesLeft(invoice),
            taxRateId: invoice.taxRateId,
          };
        }
        if (refunded < received) failed = invoice.invoiceId;
        break;
      case 'void': {
        const kept = invoice.payments.filter((payment) => payment.received > payment.refunded);
        const latePayment = kept.find(({ refundFailed }) => !refundFailed);
        if (latePayment) {
          return {
            kind: 'refund_payment',
            paymentIntentId: latePayment.paymentIntentId,
            amount: latePayment.received - latePayment.refunded,
          };
        }
        if (kept.length > 0) failed = invoice.invoiceId;
        else if (processing) inFlight = invoice.invoiceId;
        break;
      }
      default:
        throw new Error(`unknown invoice status ${String(invoice.status)}`);
    }
  }
  if (inFlight) return { kind: 'in_flight', invoiceId: inFlight };
  if (failed) return { kind: 'refund_failed', invoiceId: failed };
  return { kind: 'settled', money: chargedFor(invoices) };
}

/** What was paid and given back for these invoices. */
export function chargedFor(invoices: readonly InvoiceFacts[]): ChargedMoney {
  const payments = invoices.flatMap((invoice) => invoice.payments);
  const paidOutside = sum(invoices.map((invoice) => invoice.paidOutside));
  return {
    paid:
      sum(payments.map(({ received }) => received)) +
      paidOutside +
      sum(invoices.map(({ paidFromBalance }) => paidFromBalance)),
    refunded:
      sum(payments.map(({ refunded }) => refunded)) +
      sum(invoices.map(({ returnedOutside, returnedToBalance }) => returnedOutside + returnedToBalance)),
    ...(paidOutside > 0 ? { paidOutside } : {}),
  };
}

/** What was paid outside Stripe and is not noted as returned. */
export function owedOutside({ paidOutside, returnedOutside }: InvoiceFacts): number {
  return Math.max(0, paidOutside - returnedOutside);
}

/** This amount of what is left of the invoice as one line, with its share of the tax. */
function partOf({ net, creditedNet, total, credited }: InvoiceFacts, amount: number): WholeRest {
  const part = Math.round((amount * (net - creditedNet)) / (total - credited));
  return { net: part, tax: amount - part };
}

/** Refunds by hand, up to the amount of a credit note. */
function refundsByHand({ payments }: InvoiceFacts, limit: number): RefundPart[] {
  const parts: RefundPart[] = [];
  let left = limit;
  for (const { refundId, amount } of payments.flatMap(({ byHand }) => byHand)) {
    const part = Math.min(amount, left);
    if (part > 0) parts.push({ refundId, amount: part });
    left -= part;
  }
  return parts;
}

/**
 * The rest of the lines to credit. A negative (proration) line cannot be credited, and a credit by hand may belong to
 * no line; in both cases one custom line credits the rest, to the cent.
 */
function linesLeft({ lines, net, creditedNet, total, credited }: InvoiceFacts): CreditedLine[] {
  const isByLine = sum(lines.map((line) => line.credited)) === creditedNet;
  if (!isByLine || lines.some(({ amount }) => amount < 0)) {
    const netLeft = net - creditedNet;
    return [{ net: netLeft, tax: total - credited - netLeft }];
  }
  return lines
    .filter(({ amount, credited }) => amount > credited)
    .map(({ id, quantity, amount, credited }) =>
      credited === 0 ? { id, quantity } : { id, amount: amount - credited },
    );
}
