import { Stripe } from 'stripe';
import { z } from 'zod';
import type { Context } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { amount, expand, list, mergeMetadata, metadata, paramsOf, text } from '../kernel/params.ts';
import { refundCharge } from '../resources/refunds.ts';
import { defaultPayment, markPaid, moveBalance } from './invoice-lifecycle.ts';
import { taxOn, totalsOf } from './invoice-lines.ts';

export const CreateParams = paramsOf<Stripe.CreditNoteCreateParams>()(
  z.strictObject({
    credit_amount: amount.optional(),
    email_type: z.enum(['credit_note', 'none']).optional(),
    expand: expand.optional(),
    invoice: text(),
    lines: list(
      z.discriminatedUnion('type', [
        z.strictObject({
          amount: amount.optional(),
          invoice_line_item: text(),
          quantity: amount.optional(),
          type: z.literal('invoice_line_item'),
        }),
        z.strictObject({
          description: text(),
          quantity: amount,
          tax_amounts: list(z.strictObject({ amount, tax_rate: text(), taxable_amount: amount })).optional(),
          type: z.literal('custom_line_item'),
          unit_amount: amount,
        }),
      ]),
    ),
    memo: text().optional(),
    metadata: metadata.optional(),
    out_of_band_amount: amount.optional(),
    reason: z.enum(['duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory']).optional(),
    refund_amount: amount.optional(),
    refunds: list(z.strictObject({ amount_refunded: amount.optional(), refund: text() })).optional(),
  }),
);
type Params = z.output<typeof CreateParams>;
type LineOf<Type extends Params['lines'][number]['type']> = Extract<Params['lines'][number], { type: Type }>;

/** What earlier credit notes took off each line of the invoice, without tax. */
interface Credited {
  amount: number;
  tax: number;
}

/**
 * Credits lines of a finalized invoice. For an open one it reduces the amount due; for a paid one the whole sum must be
 * accounted for by `refund_amount` (refunded here, on the invoice's charge), `refunds` (made separately before),
 * `credit_amount` (to the customer's balance) and `out_of_band_amount`.
 */
export function credit(ctx: Context, params: Params): Stripe.CreditNote {
  const invoice = ctx.store.get('invoice', params.invoice, 'invoice');
  if (invoice.status !== 'open' && invoice.status !== 'paid') {
    throw invalidRequest({
      message: `You can only create credit notes for open or paid invoices. This invoice is ${invoice.status}.`,
      param: 'invoice',
    });
  }
  const credited = creditedBefore(ctx, invoice);
  const lines = params.lines.map((line, place) =>
    line.type === 'custom_line_item'
      ? customLine(ctx, line, `lines[${place}]`)
      : creditLine(ctx, { line, place, invoice, credited }),
  );
  const totals = totalsOf(lines);
  if (totals.total === 0) {
    throw invalidRequest({ message: 'The amount of a credit note must be greater than 0.', param: 'lines' });
  }
  const paid = invoice.status === 'paid';
  const left = invoice.total - invoice.pre_payment_credit_notes_amount - invoice.post_payment_credit_notes_amount;
  if (totals.total > left) {
    throw invalidRequest({
      message: `The amount of the credit note (${totals.total}) is greater than what is left of the invoice (${left}).`,
      param: 'lines',
    });
  }
  const linked = linkedRefunds(ctx, invoice, params);
  const givenBack =
    (params.refund_amount ?? 0) +
    (params.credit_amount ?? 0) +
    (params.out_of_band_amount ?? 0) +
    linked.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0);
  if (paid && givenBack !== totals.total) {
    throw invalidRequest({
      message: `The sum of credit amount, refund amount and out of band amount (${givenBack}) must equal the post payment credit note amount (${totals.total}).`,
    });
  }
  if (!paid && (givenBack > 0 || totals.total > invoice.amount_remaining)) {
    throw invalidRequest({
      message: `The credit note amount (${totals.total}) and what it gives back (${givenBack}) do not fit an open invoice of which ${invoice.amount_remaining} is due.`,
    });
  }
  const refund = params.refund_amount ? refundInvoice(ctx, invoice, params) : null;
  const refunds = [...(refund ? [noteRefund(refund, refund.amount)] : []), ...linked];
  const note = insertNote(ctx, { invoice, params, lines, totals, refunds });
  emit(ctx, 'credit_note.created', note);
  if (params.credit_amount) moveBalance(ctx, invoice.customer as string, -params.credit_amount);
  if (paid) {
    const sum = invoice.post_payment_credit_notes_amount + totals.total;
    change(ctx, invoice, { post_payment_credit_notes_amount: sum }, 'invoice.updated');
  } else {
    lowerDue(ctx, invoice, totals.total);
  }
  return note;
}

/** The refunds that the caller made before, each with the part that no other credit note accounts for. */
function linkedRefunds(ctx: Context, invoice: Stripe.Invoice, params: Params): Stripe.CreditNote.Refund[] {
  const notes = ctx.store.all('credit_note', { invoice: invoice.id, status: 'issued' });
  const intent = defaultPayment(ctx, invoice)?.payment.payment_intent;
  return (params.refunds ?? []).map((given, place) => {
    const param = `refunds[${place}]`;
    const refund = ctx.store.get('refund', given.refund, `${param}[refund]`);
    if (refund.payment_intent !== intent) {
      throw invalidRequest({ message: `Refund ${refund.id} does not belong to this invoice.`, param });
    }
    const elsewhere = notes.flatMap((note) => note.refunds).filter((part) => part.refund === refund.id);
    const left = refund.amount - elsewhere.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0);
    const asked = given.amount_refunded ?? refund.amount;
    if (asked > left) {
      throw invalidRequest({ message: `Only ${left} of refund ${refund.id} is left for a credit note.`, param });
    }
    return noteRefund(refund, asked);
  });
}

function noteRefund(refund: Stripe.Refund, amount_refunded: number): Stripe.CreditNote.Refund {
  return { amount_refunded, payment_record_refund: null, refund: refund.id, type: 'refund' };
}

function creditedBefore(ctx: Context, invoice: Stripe.Invoice): Map<string, Credited> {
  const credited = new Map<string, Credited>();
  for (const note of ctx.store.all('credit_note', { invoice: invoice.id, status: 'issued' })) {
    const ids = ctx.store.hidden<{ lines: string[] }>(note.id)?.lines ?? [];
    for (const line of ctx.store.all('credit_note_line_item', { id: ids })) {
      if (!line.invoice_line_item) continue;
      const before = credited.get(line.invoice_line_item) ?? { amount: 0, tax: 0 };
      credited.set(line.invoice_line_item, {
        amount: before.amount + line.amount,
        tax: before.tax + sumOf(line.taxes ?? []),
      });
    }
  }
  return credited;
}

function creditLine(
  ctx: Context,
  given: {
    line: LineOf<'invoice_line_item'>;
    place: number;
    invoice: Stripe.Invoice;
    credited: Map<string, Credited>;
  },
): Stripe.CreditNoteLineItem {
  const { line, place, invoice } = given;
  const param = `lines[${place}]`;
  const source = ctx.store.get('line_item', line.invoice_line_item, `${param}[invoice_line_item]`);
  if (source.invoice !== invoice.id) {
    throw invalidRequest({
      message: `The invoice line item ${source.id} does not belong to the invoice.`,
      param: `${param}[invoice_line_item]`,
    });
  }
  const before = given.credited.get(source.id) ?? { amount: 0, tax: 0 };
  const quantity = source.quantity ?? 1;
  const asked = line.amount ?? Math.round((source.amount * (line.quantity ?? quantity)) / quantity);
  const left = source.amount - before.amount;
  if (asked > left || (line.quantity ?? 0) > quantity) {
    throw invalidRequest({
      code: 'amount_too_large',
      message: `The credited amount (${asked}) of the line is greater than what is left to credit (${left}).`,
      param,
    });
  }
  return ctx.store.insert<Stripe.CreditNoteLineItem>({
    id: newId('cnli'),
    object: 'credit_note_line_item',
    amount: asked,
    description: source.description,
    discount_amount: 0,
    discount_amounts: [],
    invoice_line_item: source.id,
    livemode: false,
    metadata: source.metadata,
    pretax_credit_amounts: [],
    quantity: line.amount === undefined ? (line.quantity ?? quantity) : null,
    tax_rates: [],
    taxes: taxesOf(ctx, { source, asked, left, invoice, taxLeft: sumOf(source.taxes ?? []) - before.tax }),
    type: 'invoice_line_item',
    unit_amount: line.amount === undefined ? Math.round(source.amount / quantity) : null,
    unit_amount_decimal: line.amount === undefined ? Stripe.Decimal.from(Math.round(source.amount / quantity)) : null,
  });
}

/** A line that names no line of the invoice: its amount and its taxes are as the caller says. */
function customLine(ctx: Context, line: LineOf<'custom_line_item'>, param: string): Stripe.CreditNoteLineItem {
  const taxes = (line.tax_amounts ?? []).map(({ amount: tax, tax_rate, taxable_amount }, place) => {
    const rate = ctx.store.get('tax_rate', tax_rate, `${param}[tax_amounts][${place}][tax_rate]`);
    return { ...taxOn(0, rate, 'none'), amount: tax, taxable_amount };
  });
  return ctx.store.insert<Stripe.CreditNoteLineItem>({
    id: newId('cnli'),
    object: 'credit_note_line_item',
    amount: line.unit_amount * line.quantity,
    description: line.description,
    discount_amount: 0,
    discount_amounts: [],
    livemode: false,
    metadata: {},
    pretax_credit_amounts: [],
    quantity: line.quantity,
    tax_rates: [],
    taxes,
    type: 'custom_line_item',
    unit_amount: line.unit_amount,
    unit_amount_decimal: Stripe.Decimal.from(line.unit_amount),
  });
}

/** The tax that goes back with the amount: by the same rule, and to the cent all that is left with the last of it. */
function taxesOf(
  ctx: Context,
  given: { source: Stripe.InvoiceLineItem; asked: number; left: number; taxLeft: number; invoice: Stripe.Invoice },
): Stripe.CreditNoteLineItem.Tax[] {
  const { source, asked, left, taxLeft, invoice } = given;
  if (asked === source.amount) return source.taxes ?? [];
  const taxes = (source.taxes ?? []).map((tax) => {
    const rate = ctx.store.get('tax_rate', tax.tax_rate_details!.tax_rate);
    return taxOn(asked, rate, invoice.customer_tax_exempt);
  });
  const [first, ...others] = taxes;
  if (asked < left || !first) return taxes;
  return [{ ...first, amount: taxLeft - sumOf(others) }, ...others];
}

function refundInvoice(ctx: Context, invoice: Stripe.Invoice, params: Params): Stripe.Refund {
  const intentId = defaultPayment(ctx, invoice)?.payment.payment_intent as string | undefined;
  const intent = intentId === undefined ? undefined : ctx.store.get('payment_intent', intentId);
  if (intent?.status !== 'succeeded') {
    throw invalidRequest({ message: 'This invoice has no payment to refund.', param: 'refund_amount' });
  }
  const reason =
    params.reason === 'duplicate' || params.reason === 'fraudulent' ? params.reason : 'requested_by_customer';
  const charge = ctx.store.get('charge', intent.latest_charge as string);
  return refundCharge(ctx, charge, { amount: params.refund_amount!, reason, metadata: {} });
}

function lowerDue(ctx: Context, invoice: Stripe.Invoice, by: number): void {
  const due = invoice.amount_due - by;
  const lowered = change(ctx, invoice, {
    amount_due: due,
    amount_remaining: invoice.amount_remaining - by,
    pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount + by,
  });
  const payment = defaultPayment(ctx, invoice);
  const intent = payment && ctx.store.get('payment_intent', payment.payment.payment_intent as string);
  if (lowered.amount_remaining > 0) {
    if (intent) change(ctx, intent, { amount: lowered.amount_remaining });
    return;
  }
  if (intent) change(ctx, intent, { status: 'canceled', canceled_at: ctx.clock.seconds() }, 'payment_intent.canceled');
  markPaid(ctx, lowered, null);
}

function insertNote(
  ctx: Context,
  given: {
    invoice: Stripe.Invoice;
    params: Params;
    lines: Stripe.CreditNoteLineItem[];
    totals: ReturnType<typeof totalsOf>;
    refunds: Stripe.CreditNote.Refund[];
  },
): Stripe.CreditNote {
  const { invoice, params, lines, totals, refunds } = given;
  const paid = invoice.status === 'paid';
  const earlier = ctx.store.all('credit_note', { invoice: invoice.id }).length;
  const id = newId('cn');
  const created = ctx.clock.seconds();
  const note: Stripe.CreditNote = {
    id,
    object: 'credit_note',
    amount: totals.total,
    amount_shipping: 0,
    created,
    currency: invoice.currency,
    customer: invoice.customer as string,
    customer_account: null,
    customer_balance_transaction: params.credit_amount ? newId('cbtxn') : null,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: created,
    invoice: invoice.id,
    lines: { object: 'list', data: [], has_more: false, url: '' },
    livemode: false,
    memo: params.memo ?? null,
    metadata: mergeMetadata({}, params.metadata),
    number: `${invoice.number}-CN-${String(earlier + 1).padStart(2, '0')}`,
    out_of_band_amount: params.out_of_band_amount ?? null,
    pdf: `${ctx.config.address}/emulator/credit_notes/${id}/pdf`,
    post_payment_amount: paid ? totals.total : 0,
    pre_payment_amount: paid ? 0 : totals.total,
    pretax_credit_amounts: [],
    reason: params.reason ?? null,
    refunds,
    shipping_cost: null,
    status: 'issued',
    subtotal: totals.subtotal,
    subtotal_excluding_tax: totals.withoutTax,
    total: totals.total,
    total_excluding_tax: totals.withoutTax,
    total_taxes: totals.taxes,
    type: paid ? 'post_payment' : 'pre_payment',
    voided_at: null,
  };
  return ctx.store.insert(note, { lines: lines.map((line) => line.id) });
}

function sumOf(taxes: readonly { amount: number }[]): number {
  return taxes.reduce((sum, tax) => sum + tax.amount, 0);
}
