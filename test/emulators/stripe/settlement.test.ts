import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Stripe } from 'stripe';
import { order, orderTotal, payAsBrowser, type RunningEmulator, runEmulator } from './run-emulator.ts';

let emulator: RunningEmulator;
let stripe: Stripe;

beforeAll(async () => {
  emulator = await runEmulator();
  stripe = emulator.stripe;
});
afterAll(() => emulator[Symbol.asyncDispose]());

const paidOrder = async (card = '4242424242424242') => {
  const made = await order(stripe);
  await payAsBrowser(emulator.address, made.clientSecret, card);
  return made;
};

const intentOf = async (invoice: string) => {
  const [payment] = (await stripe.invoicePayments.list({ invoice, expand: ['data.payment.payment_intent'] })).data;
  return payment?.payment.payment_intent as Stripe.PaymentIntent;
};

const emulatorNow = async () => (await emulator.control('GET', 'clock')).now as number;

const allLines = (invoice: Stripe.Invoice): Stripe.CreditNoteCreateParams.Line[] =>
  invoice.lines.data.map((line) => ({
    type: 'invoice_line_item',
    invoice_line_item: line.id,
    quantity: line.quantity ?? 1,
  }));

describe('giving a paid order back', () => {
  test('one credit note over all lines makes the refund itself and leaves nothing', async () => {
    const { subscription, invoice } = await paidOrder();
    const ended = await stripe.subscriptions.cancel(subscription.id, { prorate: false, invoice_now: false });
    expect(ended).toMatchObject({ status: 'canceled', cancellation_details: { reason: 'cancellation_requested' } });

    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: allLines(invoice),
      refund_amount: orderTotal.total,
      expand: ['refunds.refund'],
    });
    expect(note).toMatchObject({
      status: 'issued',
      total: orderTotal.total,
      subtotal: orderTotal.subtotal,
      post_payment_amount: orderTotal.total,
      type: 'post_payment',
    });
    expect(note.refunds[0]?.refund).toMatchObject({ object: 'refund', amount: orderTotal.total, status: 'succeeded' });
    const { latest_charge } = await intentOf(invoice.id);
    const charge = await stripe.charges.retrieve(latest_charge as string, { expand: ['refunds'] });
    expect(charge.amount - charge.amount_refunded).toBe(0);
    expect(charge.refunded).toBe(true);
    const after = await stripe.invoices.retrieve(invoice.id);
    expect(after).toMatchObject({ status: 'paid', post_payment_credit_notes_amount: orderTotal.total });
    const refunds = await stripe.refunds.list({ charge: charge.id });
    expect(refunds.data.map((refund) => refund.amount)).toEqual([orderTotal.total]);
    const lines = await stripe.creditNotes.listLineItems(note.id, { limit: 2 });
    expect(lines).toMatchObject({ has_more: true });
    expect(lines.data.map((line) => line.amount)).toEqual([4999, 999]);

    await expect(
      stripe.creditNotes.create({ invoice: invoice.id, lines: allLines(invoice), refund_amount: orderTotal.total }),
    ).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.refunds.create({ charge: charge.id })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    await expect(stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({ code: 'resource_missing' });
  });

  test('a line of its own credits an invoice with a negative line, with the tax that the caller says', async () => {
    const customer = await stripe.customers.create({ name: 'Ada', email: 'ada@example.com' });
    const vat = await stripe.taxRates.create({ display_name: 'IVA', percentage: 21, inclusive: false });
    const draft = await stripe.invoices.create({ customer: customer.id, currency: 'eur', default_tax_rates: [vat.id] });
    for (const amount of [-5352, 13481]) {
      await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount, currency: 'eur' });
    }
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    const { total } = await stripe.invoices.pay(draft.id, { payment_method: method.id });
    expect(total).toBe(9836);
    const credit = (unit_amount: number, tax: number) =>
      stripe.creditNotes.create({
        invoice: draft.id,
        lines: [
          {
            ...{ type: 'custom_line_item', description: 'All of it', quantity: 1, unit_amount },
            tax_amounts: [{ amount: tax, tax_rate: vat.id, taxable_amount: unit_amount }],
          },
        ],
        refund_amount: unit_amount + tax,
      });
    await expect(credit(13481, 2831)).rejects.toMatchObject({ statusCode: 400 });
    expect(await credit(8129, 1707)).toMatchObject({ total: 9836, status: 'issued' });
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ post_payment_credit_notes_amount: 9836 });
  });

  test('two partial credit notes give back every cent of tax', async () => {
    const { invoice } = await paidOrder();
    const users = invoice.lines.data[1]!;
    const part = (quantity: number, refund_amount: number) =>
      stripe.creditNotes.create({
        invoice: invoice.id,
        lines: [{ type: 'invoice_line_item', invoice_line_item: users.id, quantity }],
        refund_amount,
      });
    const first = await part(1, 333 + 70);
    const second = await part(2, 666 + 140);
    expect(first.total + second.total).toBe(999 + 210);
    expect([first.number, second.number]).toEqual([`${invoice.number}-CN-01`, `${invoice.number}-CN-02`]);
  });

  test('what it gives back must be its total', async () => {
    const { invoice } = await paidOrder();
    await expect(
      stripe.creditNotes.create({ invoice: invoice.id, lines: allLines(invoice), refund_amount: 100 }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('it may account for refunds that were made before, each cent of them once', async () => {
    const { invoice } = await paidOrder();
    const { id: payment_intent } = await intentOf(invoice.id);
    const refund = await stripe.refunds.create({ payment_intent, amount: 2_000 });
    const give = (amount_refunded: number) =>
      stripe.creditNotes.create({
        invoice: invoice.id,
        lines: allLines(invoice),
        refund_amount: orderTotal.total - amount_refunded,
        refunds: [{ refund: refund.id, amount_refunded }],
      });
    await expect(give(2_001)).rejects.toMatchObject({ statusCode: 400 });
    const note = await give(2_000);
    expect(note.refunds.map((part) => part.amount_refunded)).toEqual([orderTotal.total - 2_000, 2_000]);
    const other = await paidOrder();
    await expect(
      stripe.creditNotes.create({
        invoice: other.invoice.id,
        lines: allLines(other.invoice),
        refund_amount: orderTotal.total - 2_000,
        refunds: [{ refund: refund.id }],
      }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('a paid invoice cannot be voided', async () => {
    const { invoice } = await paidOrder();
    await expect(stripe.invoices.voidInvoice(invoice.id)).rejects.toMatchObject({
      statusCode: 400,
      type: 'StripeInvalidRequestError',
    });
  });

  test('part of a payment can be refunded by itself, but never more than is left', async () => {
    const { invoice } = await paidOrder();
    const { id } = await intentOf(invoice.id);
    await stripe.refunds.create({ payment_intent: id, amount: 1000 });
    await expect(stripe.refunds.create({ payment_intent: id, amount: orderTotal.total })).rejects.toMatchObject({
      statusCode: 400,
      param: 'amount',
    });
    const rest = await stripe.refunds.create({ payment_intent: id });
    expect(rest.amount).toBe(orderTotal.total - 1000);
  });
});

describe('a refund that the bank sends back', () => {
  test('has succeeded until it fails days later, and then the charge keeps its money again', async () => {
    const { invoice } = await paidOrder('4000000000005126');
    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: allLines(invoice),
      refund_amount: orderTotal.total,
      expand: ['refunds.refund'],
    });
    const refund = note.refunds[0]?.refund as Stripe.Refund;
    expect(refund.status).toBe('succeeded');
    await emulator.advance(4 * 24 * 3_600_000);
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ status: 'failed', amount: orderTotal.total });
    const charge = await stripe.charges.retrieve(refund.charge as string);
    expect(charge).toMatchObject({ refunded: false, amount_refunded: 0, amount: orderTotal.total });
    expect((await stripe.creditNotes.retrieve(note.id)).status).toBe('issued');
    const { data } = await stripe.events.list({ type: 'refund.failed' });
    expect(data.map((event) => (event.data.object as Stripe.Refund).id)).toEqual([refund.id]);
    // It can be refunded again.
    expect((await stripe.refunds.create({ charge: charge.id })).amount).toBe(orderTotal.total);
  });
});

describe('ending an unpaid order', () => {
  test('voiding the invoice ends the payment intent and the subscription', async () => {
    const { subscription, invoice, clientSecret } = await order(stripe);
    const voided = await stripe.invoices.voidInvoice(invoice.id);
    expect(voided).toMatchObject({ status: 'void' });
    expect(await intentOf(invoice.id)).toMatchObject({ status: 'canceled', cancellation_reason: 'void_invoice' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete_expired');
    const late = await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    expect(late.body.error).toMatchObject({ code: 'payment_intent_unexpected_state' });
    await expect(stripe.invoices.voidInvoice(invoice.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  test('cancelling the incomplete subscription voids its invoice', async () => {
    const { subscription, invoice } = await order(stripe);
    const cancelled = await stripe.subscriptions.cancel(subscription.id, { prorate: false, invoice_now: false });
    expect(cancelled.status).toBe('incomplete_expired');
    expect((await stripe.invoices.retrieve(invoice.id)).status).toBe('void');
  });

  test("an invoice's payment intent is ended only by its invoice", async () => {
    const { clientSecret } = await order(stripe);
    const id = clientSecret.split('_secret_')[0]!;
    await expect(stripe.paymentIntents.cancel(id)).rejects.toMatchObject({ statusCode: 400 });
    const own = await stripe.paymentIntents.create({ amount: 500, currency: 'eur' });
    expect(await stripe.paymentIntents.cancel(own.id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
    });
  });

  test('nobody pays for 23 hours: the subscription expires, the invoice is void, a payment before saves it', async () => {
    const early = await order(stripe);
    const late = await order(stripe);
    await emulator.advance(22 * 3600 * 1000);
    expect((await stripe.subscriptions.retrieve(late.subscription.id)).status).toBe('incomplete');
    await payAsBrowser(emulator.address, early.clientSecret, '4242424242424242');
    await emulator.advance(2 * 3600 * 1000);
    expect((await stripe.subscriptions.retrieve(early.subscription.id)).status).toBe('active');
    const expired = await stripe.subscriptions.retrieve(late.subscription.id);
    expect(expired).toMatchObject({ status: 'incomplete_expired', ended_at: expired.created + 23 * 3600 });
    const invoice = await stripe.invoices.retrieve(late.invoice.id);
    expect(invoice).toMatchObject({ status: 'void', status_transitions: { voided_at: expired.created + 23 * 3600 } });
    const [reported] = (await stripe.events.list({ types: ['invoice.voided'] })).data;
    expect(reported?.data.object).toMatchObject({ id: late.invoice.id });
  });
});

describe('a running subscription', () => {
  test('can be set to end with its period, and that can be undone', async () => {
    const { subscription } = await paidOrder();
    const ending = await stripe.subscriptions.update(subscription.id, {
      cancel_at_period_end: true,
      metadata: { a: '1' },
    });
    expect(ending).toMatchObject({ cancel_at_period_end: true, status: 'active' });
    expect(ending.metadata).toEqual({ freehold_key: 'inst_1:op_1:create-subscription', a: '1' });
    const kept = await stripe.subscriptions.update(subscription.id, {
      cancel_at_period_end: false,
      metadata: { a: '' },
    });
    expect(kept).toMatchObject({ cancel_at_period_end: false, cancel_at: null });
    expect(kept.metadata).toEqual({ freehold_key: 'inst_1:op_1:create-subscription' });
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await emulator.advance(32 * 24 * 3600 * 1000);
    const ended = await stripe.subscriptions.retrieve(subscription.id);
    expect(ended).toMatchObject({ status: 'canceled', ended_at: ending.cancel_at });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      code: 'invalid_canceled_subscription_fields',
    });
  });

  test('renews: the period moves on, and an hour later its invoice is paid with the saved card', async () => {
    const { subscription, customer } = await paidOrder();
    const periodOf = async () => (await stripe.subscriptions.retrieve(subscription.id)).items.data[0]!;
    const { current_period_end: first } = await periodOf();
    await emulator.advance(first * 1000 - (await emulatorNow()) + 60_000);
    expect(await periodOf()).toMatchObject({ current_period_start: first });
    const newest = async () => (await stripe.invoices.list({ subscription: subscription.id })).data[0]!;
    expect(await newest()).toMatchObject({ status: 'draft', billing_reason: 'subscription_cycle' });
    await emulator.advance(3_600_000);
    const renewed = await newest();
    expect(renewed).toMatchObject({ status: 'paid', amount_paid: orderTotal.total, customer: customer.id });
    const { current_period_end: second } = await periodOf();
    expect(renewed.lines.data.map(({ period }) => period)).toEqual(Array(3).fill({ start: first, end: second }));
    const told = (await stripe.events.list({ types: ['invoice.paid'] })).data.map(({ data }) => data.object);
    expect(told).toContainEqual(expect.objectContaining({ id: renewed.id }));
    await stripe.subscriptions.cancel(subscription.id);
    await emulator.advance(40 * 24 * 3_600_000);
    expect((await newest()).id).toBe(renewed.id);
  });

  test('whose card is declined at a renewal is past due until its invoice is paid', async () => {
    const { subscription, customer } = await paidOrder();
    const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
    await stripe.subscriptions.update(subscription.id, { default_payment_method: bad.id });
    await emulator.advance(33 * 24 * 3_600_000);
    const late = await stripe.subscriptions.retrieve(subscription.id);
    expect(late.status).toBe('past_due');
    const invoice = await stripe.invoices.retrieve(late.latest_invoice as string);
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1 });
    const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.invoices.pay(invoice.id!, { payment_method: good.id });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('is found by its customer', async () => {
    const { subscription, customer } = await paidOrder();
    const listed = await stripe.subscriptions.list({ customer: customer.id, status: 'all' });
    expect(listed.data.map((found) => found.id)).toEqual([subscription.id]);
    const invoices = await stripe.invoices.list({ subscription: subscription.id, status: 'paid' });
    expect(invoices.data.length).toBe(1);
    expect((await stripe.invoices.list({ customer: customer.id, status: 'open' })).data).toEqual([]);
  });
});

describe('one-off invoices', () => {
  test('take their items, are paid with a saved card, and have a document', async () => {
    const customer = await stripe.customers.create({ name: 'Ada', email: 'ada@example.com' });
    await stripe.invoiceItems.create({ customer: customer.id, amount: 1500, currency: 'eur', description: 'Setup' });
    const draft = await stripe.invoices.create({
      customer: customer.id,
      currency: 'eur',
      pending_invoice_items_behavior: 'include',
    });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 500, currency: 'eur' });
    const opened = await stripe.invoices.finalizeInvoice(draft.id);
    expect(opened).toMatchObject({ status: 'open', total: 2000, amount_due: 2000 });
    await expect(stripe.invoices.pay(opened.id)).rejects.toMatchObject({ statusCode: 400 });
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    const paid = await stripe.invoices.pay(opened.id, { payment_method: method.id });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 2000 });
    await expect(stripe.invoices.pay(opened.id)).rejects.toMatchObject({ message: 'Invoice is already paid' });
    const pdf = await fetch(paid.invoice_pdf ?? '');
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect((await pdf.text()).slice(0, 5)).toBe('%PDF-');
  });

  test('a draft can be deleted, unless a subscription made it', async () => {
    const { subscription, customer } = await order(stripe, {
      collection_method: 'send_invoice',
      days_until_due: 14,
      payment_behavior: undefined,
    });
    expect(subscription.status).toBe('active');
    const invoice = await stripe.invoices.retrieve(subscription.latest_invoice as string).catch(() => null);
    const drafted = invoice ?? (subscription.latest_invoice as Stripe.Invoice);
    expect(drafted.status).toBe('draft');
    await expect(stripe.invoices.del(drafted.id)).rejects.toMatchObject({ code: 'invoice_not_editable' });
    const sent = await stripe.invoices.sendInvoice(drafted.id);
    expect(sent).toMatchObject({ status: 'open', due_date: drafted.created + 14 * 86_400 });
    const own = await stripe.invoices.create({ customer: customer.id });
    expect(await stripe.invoices.del(own.id)).toMatchObject({ deleted: true });
    await expect(stripe.invoices.retrieve(own.id)).rejects.toMatchObject({ statusCode: 404 });
  });

  test('a credit note on an open invoice lowers what is due', async () => {
    const { invoice, clientSecret } = await order(stripe);
    const support = invoice.lines.data[2]!;
    await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: [{ type: 'invoice_line_item', invoice_line_item: support.id, quantity: 1 }],
    });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'open',
      amount_remaining: orderTotal.total - 3570,
      pre_payment_credit_notes_amount: 3570,
    });
    const { body } = await payAsBrowser(emulator.address, clientSecret, '4242424242424242');
    expect(body.amount).toBe(orderTotal.total - 3570);
  });
});
