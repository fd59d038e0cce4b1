import type Stripe from 'stripe';
import { ReasonError } from '../contracts/reasons.ts';
import { call } from './client.ts';
import { type CreateIntents, createOnce } from './create-once.ts';
import { isMissing, toReason } from './errors.ts';
import { readRefunds } from './refunds.ts';
import {
  type ChargedMoney,
  type CreditedLine,
  type InvoiceFacts,
  nextSettleAction,
  type SettleAction,
} from './settle-plan.ts';
import { hasEnded, invoiceIdsOf, subscriptionsOfOrder } from './subscriptions.ts';

export interface SettleRequest {
  /** `<instanceId>:<operationId>:settle-money`. */
  baseKey: string;
  orderId: string;
  /** The invoices to refund: exactly these, also one-off invoices. */
  invoiceIds: readonly string[];
}

/** Each round re-reads Stripe; more rounds in one call mean that something else keeps changing the invoices. */
const maxRounds = 6;

const inFlightReadMs = 3_600_000;

/**
 * Refunds everything that was ever paid through Stripe for these invoices, driven by what Stripe holds now, and leaves
 * none of them open. Other invoices of their subscription or customer stay untouched. Idempotent. Returns the money of
 * the invoices: `refunded` is less than `paid` only by what was paid outside Stripe and not returned yet. Throws
 * `money_in_flight` (retried hourly), `money_not_settled` while Stripe does not yet show them settled (retryable), and
 * `refund_failed` when a refund failed.
 */
export async function settleInvoices(
  stripe: Stripe,
  intents: CreateIntents,
  request: SettleRequest,
): Promise<ChargedMoney> {
  for (let round = 0; round < maxRounds; round += 1) {
    const action = nextSettleAction(await readInvoices(stripe, request.invoiceIds));
    switch (action.kind) {
      case 'settled':
        return action.money;
      case 'in_flight':
        throw new ReasonError('money_in_flight', `invoice ${action.invoiceId}`, { retryAfterMs: inFlightReadMs });
      case 'refund_failed':
        throw new ReasonError('refund_failed', `a refund for invoice ${action.invoiceId} failed`);
      case 'delete_draft':
        await tolerateLostRace(deleteDraft(stripe, action.invoiceId));
        break;
      case 'void':
        await tolerateLostRace(call('invoice', stripe.invoices.voidInvoice(action.invoiceId)));
        break;
      case 'credit':
        await credit(stripe, intents, request, action);
        break;
      case 'refund_payment':
        await refundLatePayment(stripe, intents, request, action);
        break;
    }
  }
  throw new ReasonError('money_not_settled', 'Stripe does not read back settled yet');
}

/**
 * Cancels every subscription of an undelivered order and returns the ids of all their invoices, read after the last one
 * was cancelled. Also finds subscriptions created by a call whose answer was lost. Idempotent.
 */
export async function endSubscriptionsOf(
  stripe: Stripe,
  { customerId, orderId }: { customerId: string; orderId: string },
): Promise<{ subscriptions: { id: string; status: 'canceled' | 'incomplete_expired' }[]; invoiceIds: string[] }> {
  try {
    for (const { id, status } of await subscriptionsOfOrder(stripe, customerId, orderId)) {
      if (hasEnded(status)) continue;
      const cancel = stripe.subscriptions.cancel(id, { prorate: false, invoice_now: false });
      await tolerateLostRace(call('subscription', cancel));
    }
    const subscriptions = await subscriptionsOfOrder(stripe, customerId, orderId);
    const ended = subscriptions.flatMap(({ id, status }) => (hasEnded(status) ? [{ id, status }] : []));
    if (ended.length < subscriptions.length) {
      throw new ReasonError('money_not_settled', 'a subscription still lives');
    }
    return { subscriptions: ended, invoiceIds: await invoiceIdsOf(stripe, ended) };
  } catch (error) {
    throw toReason(error);
  }
}

/** Voiding a paid invoice or cancelling an ended subscription is not an error: the next round re-reads it. */
async function tolerateLostRace(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (error instanceof ReasonError && error.code === 'payment_request_refused') return;
    throw error;
  }
}

/** Stripe does not delete a draft of a subscription: it is finalised, and the next round voids it. */
async function deleteDraft(stripe: Stripe, invoiceId: string): Promise<void> {
  try {
    await stripe.invoices.del(invoiceId);
  } catch (error) {
    const reason = toReason(error);
    if (!(reason instanceof ReasonError) || reason.code !== 'payment_request_refused') throw reason;
    await call('invoice', stripe.invoices.finalizeInvoice(invoiceId, { auto_advance: false }));
  }
}

async function credit(
  stripe: Stripe,
  intents: CreateIntents,
  request: SettleRequest,
  action: Extract<SettleAction, { kind: 'credit' }>,
): Promise<void> {
  const baseKey = `${request.baseKey}:${action.invoiceId}`;
  const parameters: Stripe.CreditNoteCreateParams = {
    invoice: action.invoiceId,
    lines: action.lines.map((line) => creditedLine(line, action.taxRateId)),
    ...(action.refundAmount > 0 ? { refund_amount: action.refundAmount } : {}),
    ...(action.balanceAmount > 0 ? { credit_amount: action.balanceAmount } : {}),
    ...(action.refunds.length > 0
      ? { refunds: action.refunds.map(({ refundId, amount }) => ({ refund: refundId, amount_refunded: amount })) }
      : {}),
    reason: 'order_change',
    metadata: { freehold_key: baseKey, freehold_order: request.orderId },
  };
  await createOnce<Stripe.CreditNote>({
    intents,
    baseKey,
    parameters,
    create: (idempotencyKey) => call('credit_note', stripe.creditNotes.create(parameters, { idempotencyKey })),
    fetch: (id) => call('credit_note', stripe.creditNotes.retrieve(id)),
    find: async () => {
      for await (const note of stripe.creditNotes.list({ invoice: action.invoiceId, limit: 100 })) {
        if (note.metadata?.freehold_key === baseKey) return note;
      }
      return undefined;
    },
  });
}

function creditedLine(line: CreditedLine, taxRateId: string | undefined): Stripe.CreditNoteCreateParams.Line {
  if ('id' in line) {
    const { id, ...part } = line;
    return { type: 'invoice_line_item', invoice_line_item: id, ...part };
  }
  const { net, tax } = line;
  return {
    ...{ type: 'custom_line_item', description: 'Everything that is left of this invoice', quantity: 1 },
    unit_amount: net,
    ...(taxRateId ? { tax_amounts: [{ amount: tax, tax_rate: taxRateId, taxable_amount: net }] } : {}),
  };
}

/**
 * A payment that succeeded after its invoice was closed has no line to credit, so it is refunded without a credit note.
 */
async function refundLatePayment(
  stripe: Stripe,
  intents: CreateIntents,
  request: SettleRequest,
  action: { paymentIntentId: string; amount: number },
): Promise<void> {
  const baseKey = `${request.baseKey}:${action.paymentIntentId}`;
  const parameters: Stripe.RefundCreateParams = {
    payment_intent: action.paymentIntentId,
    amount: action.amount,
    metadata: { freehold_key: baseKey, freehold_order: request.orderId },
  };
  await createOnce<Stripe.Refund>({
    intents,
    baseKey,
    parameters,
    create: (idempotencyKey) => call('refund', stripe.refunds.create(parameters, { idempotencyKey })),
    fetch: (id) => call('refund', stripe.refunds.retrieve(id)),
    find: async () => {
      for await (const refund of stripe.refunds.list({ payment_intent: action.paymentIntentId, limit: 100 })) {
        if (refund.metadata?.freehold_key === baseKey) return refund;
      }
      return undefined;
    },
  });
}

/** These invoices with their payments and refunds; deleted drafts are omitted. */
export async function readInvoices(stripe: Stripe, invoiceIds: readonly string[]): Promise<InvoiceFacts[]> {
  const facts: InvoiceFacts[] = [];
  try {
    for (const id of new Set(invoiceIds)) {
      const invoice = await findInvoice(stripe, id);
      if (invoice) facts.push(await readInvoice(stripe, invoice));
    }
  } catch (error) {
    throw toReason(error);
  }
  return facts;
}

async function findInvoice(stripe: Stripe, id: string): Promise<Stripe.Invoice | undefined> {
  try {
    return await stripe.invoices.retrieve(id);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function readInvoice(stripe: Stripe, invoice: Stripe.Invoice): Promise<InvoiceFacts> {
  const payments: InvoiceFacts['payments'] = [];
  const invoiceId = invoice.id as string;
  const credited = invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount;
  const notes = credited > 0 ? await readCreditNotes(stripe, invoiceId) : noNotes;
  for await (const { payment } of stripe.invoicePayments.list({ invoice: invoiceId, limit: 100 })) {
    if (payment.type !== 'payment_intent' || !payment.payment_intent) continue;
    const id = typeof payment.payment_intent === 'string' ? payment.payment_intent : payment.payment_intent.id;
    const intent = await call('payment_intent', stripe.paymentIntents.retrieve(id));
    const refunds = await readRefunds(stripe, id);
    payments.push({
      paymentIntentId: id,
      status: intent.status,
      received: intent.amount_received,
      refunded: refunds.givenBack.reduce((total, { amount }) => total + amount, 0),
      byHand: refunds.givenBack
        .map(({ id: refundId, amount }) => ({ refundId, amount: amount - (notes.refunds.get(refundId) ?? 0) }))
        .filter(({ amount }) => amount > 0),
      refundFailed: refunds.failed.length > 0,
    });
  }
  const lines = invoice.lines.has_more ? await listLines(stripe, invoiceId) : invoice.lines.data;
  return {
    invoiceId,
    status: invoice.status ?? 'draft',
    total: invoice.total,
    net: invoice.total_excluding_tax ?? invoice.total,
    credited,
    creditedNet: notes.net,
    paidOutside: invoice.status === 'paid' ? (invoice.amount_paid_off_stripe ?? 0) : 0,
    returnedOutside: notes.outside,
    // A credit is a negative balance, and what is used of it raises it.
    paidFromBalance: Math.max(0, (invoice.ending_balance ?? invoice.starting_balance) - invoice.starting_balance),
    returnedToBalance: notes.toBalance,
    // Our invoices have one tax rate.
    taxRateId: invoice.total_taxes?.[0]?.tax_rate_details?.tax_rate,
    lines: lines.map((line) => ({
      id: line.id,
      quantity: line.quantity ?? 1,
      amount: line.amount,
      credited: notes.lines.get(line.id) ?? 0,
    })),
    payments,
  };
}

async function listLines(stripe: Stripe, invoiceId: string): Promise<Stripe.InvoiceLineItem[]> {
  const lines: Stripe.InvoiceLineItem[] = [];
  for await (const line of stripe.invoices.listLineItems(invoiceId, { limit: 100 })) lines.push(line);
  return lines;
}

/**
 * Amounts that credit notes account for, in minor units: per refund, without tax per invoice line and in total, and
 * what went back outside Stripe and to the customer's balance.
 */
interface CreditNoteFacts {
  refunds: ReadonlyMap<string, number>;
  lines: ReadonlyMap<string, number>;
  net: number;
  outside: number;
  toBalance: number;
}
const noNotes: CreditNoteFacts = { refunds: new Map(), lines: new Map(), net: 0, outside: 0, toBalance: 0 };

async function readCreditNotes(stripe: Stripe, invoiceId: string): Promise<CreditNoteFacts> {
  const refunds = new Map<string, number>();
  const lines = new Map<string, number>();
  let net = 0;
  let outside = 0;
  let toBalance = 0;
  const add = (to: Map<string, number>, id: string, amount: number) => to.set(id, (to.get(id) ?? 0) + amount);
  for await (const note of stripe.creditNotes.list({ invoice: invoiceId, limit: 100 })) {
    if (note.status === 'void') continue;
    const byRefunds = note.refunds.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0);
    outside += note.out_of_band_amount ?? 0;
    toBalance += note.post_payment_amount - byRefunds - (note.out_of_band_amount ?? 0);
    for (const { refund, amount_refunded } of note.refunds) {
      if (refund) add(refunds, typeof refund === 'string' ? refund : refund.id, amount_refunded);
    }
    for await (const line of stripe.creditNotes.listLineItems(note.id, { limit: 100 })) {
      net += line.amount;
      if (line.invoice_line_item) add(lines, line.invoice_line_item, line.amount);
    }
  }
  return { refunds, lines, net, outside, toBalance };
}
