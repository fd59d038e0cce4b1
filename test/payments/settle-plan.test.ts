import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type InvoiceFacts, nextSettleAction, type SettleAction } from '../../src/payments/settle-plan.ts';

type Payment = InvoiceFacts['payments'][number];

const payment = (facts: Partial<Payment> = {}): Payment => ({
  paymentIntentId: 'pi_1',
  status: 'requires_payment_method',
  received: 0,
  refunded: 0,
  byHand: [],
  refundFailed: false,
  ...facts,
});

const invoice = (facts: Partial<InvoiceFacts> = {}): InvoiceFacts => ({
  invoiceId: 'in_1',
  status: 'open',
  total: 1_000,
  net: 1_000,
  credited: 0,
  creditedNet: facts.credited ?? 0,
  paidOutside: 0,
  returnedOutside: 0,
  paidFromBalance: 0,
  returnedToBalance: 0,
  taxRateId: undefined,
  lines: [{ id: 'il_1', quantity: 1, amount: 1_000, credited: 0 }],
  payments: [payment()],
  ...facts,
});

const part = (refundId: string, amount: number) => ({ refundId, amount });

/** The invoice after this credit note, by Stripe's rule that it refunds what it credits. */
function credited(facts: InvoiceFacts, action: Extract<SettleAction, { kind: 'credit' }>): InvoiceFacts {
  const lines = action.lines.map((line) => ('amount' in line ? line.amount : (facts.lines[0]?.amount ?? 0)));
  const amount = lines.reduce((sum, each) => sum + each, 0);
  const accountedFor = action.refunds.reduce((sum, each) => sum + each.amount, action.refundAmount);
  expect(accountedFor).toBe(amount);
  const [only] = facts.payments as [Payment];
  expect(only.refunded + action.refundAmount).toBeLessThanOrEqual(only.received);
  return {
    ...facts,
    credited: facts.credited + amount,
    payments: [{ ...only, refunded: only.refunded + action.refundAmount, byHand: [] }],
  };
}

describe('the next action of settle', () => {
  test('nothing at Stripe is settled', () => {
    expect(nextSettleAction([])).toEqual({ kind: 'settled', money: { paid: 0, refunded: 0 } });
  });

  test('an open invoice is voided, one with a payment in flight is neither voided nor refunded', () => {
    expect(nextSettleAction([invoice()])).toEqual({ kind: 'void', invoiceId: 'in_1' });
    const inFlight = invoice({ payments: [payment({ status: 'processing' })] });
    expect(nextSettleAction([inFlight])).toEqual({ kind: 'in_flight', invoiceId: 'in_1' });
  });

  test('an invoice that Stripe voided while its payment was in flight is not settled before the bank has answered', () => {
    const inFlight = payment({ status: 'processing' });
    const voided = invoice({ status: 'void', payments: [inFlight] });
    expect(nextSettleAction([voided])).toEqual({ kind: 'in_flight', invoiceId: 'in_1' });
    const received = payment({ paymentIntentId: 'pi_2', status: 'succeeded', received: 1_000 });
    expect(nextSettleAction([{ ...voided, payments: [inFlight, received] }])).toMatchObject({ kind: 'refund_payment' });
  });

  test('money in flight on one invoice does not hold up another', () => {
    const inFlight = invoice({ payments: [payment({ status: 'processing' })] });
    const other = invoice({ invoiceId: 'in_2' });
    expect(nextSettleAction([inFlight, other])).toEqual({ kind: 'void', invoiceId: 'in_2' });
  });

  test('a paid invoice gets one credit note over all its lines, refunding what was taken', () => {
    const paid = invoice({
      status: 'paid',
      lines: [
        { id: 'il_1', quantity: 1, amount: 700, credited: 0 },
        { id: 'il_2', quantity: 3, amount: 300, credited: 0 },
        { id: 'il_3', quantity: 1, amount: 0, credited: 0 },
      ],
      payments: [payment({ status: 'succeeded', received: 1_000 })],
    });
    expect(nextSettleAction([paid])).toEqual({
      kind: 'credit',
      invoiceId: 'in_1',
      refundAmount: 1_000,
      balanceAmount: 0,
      refunds: [],
      lines: [
        { id: 'il_1', quantity: 1 },
        { id: 'il_2', quantity: 3 },
      ],
    });
  });

  test('a credited and refunded invoice is settled; a credited one without its refund is a failed refund', () => {
    const back = payment({ status: 'succeeded', received: 1_000, refunded: 1_000 });
    expect(nextSettleAction([invoice({ status: 'paid', credited: 1_000, payments: [back] })])).toEqual({
      kind: 'settled',
      money: { paid: 1_000, refunded: 1_000 },
    });
    const lost = payment({ status: 'succeeded', received: 1_000, refundFailed: true });
    expect(nextSettleAction([invoice({ status: 'paid', credited: 1_000, payments: [lost] })])).toMatchObject({
      kind: 'refund_failed',
    });
  });

  test('what people gave back by hand is not given back again: the credit note only accounts for it', () => {
    const back = payment({ status: 'succeeded', received: 1_000, refunded: 1_000, byHand: [part('re_1', 1_000)] });
    expect(nextSettleAction([invoice({ status: 'paid', payments: [back] })])).toMatchObject({
      kind: 'credit',
      refundAmount: 0,
      refunds: [part('re_1', 1_000)],
    });
    const some = payment({ status: 'succeeded', received: 1_000, refunded: 400, byHand: [part('re_1', 400)] });
    expect(nextSettleAction([invoice({ status: 'paid', payments: [some] })])).toMatchObject({
      kind: 'credit',
      refundAmount: 600,
      refunds: [part('re_1', 400)],
      lines: [{ id: 'il_1', quantity: 1 }],
    });
  });

  test('after a credit note by hand only the rest of each line is credited', () => {
    const partly = invoice({
      status: 'paid',
      credited: 300,
      lines: [
        { id: 'il_1', quantity: 1, amount: 200, credited: 200 },
        { id: 'il_2', quantity: 2, amount: 800, credited: 100 },
      ],
      payments: [payment({ status: 'succeeded', received: 1_000, refunded: 300 })],
    });
    expect(nextSettleAction([partly])).toEqual({
      kind: 'credit',
      invoiceId: 'in_1',
      refundAmount: 700,
      balanceAmount: 0,
      refunds: [],
      lines: [{ id: 'il_2', amount: 700 }],
    });
  });

  test('what was paid outside Stripe is left to people, and what a person has returned so is settled', () => {
    const outside = invoice({ status: 'paid', paidOutside: 1_000, payments: [payment({ status: 'canceled' })] });
    const owed = { kind: 'settled', money: { paid: 1_000, refunded: 0, paidOutside: 1_000 } };
    expect(nextSettleAction([outside])).toEqual(owed);
    const returned = { ...outside, credited: 1_000, returnedOutside: 1_000 };
    expect(nextSettleAction([returned])).toEqual({ ...owed, money: { ...owed.money, refunded: 1_000 } });
  });

  test('of an invoice paid in two ways what came by card goes back, with its share of the tax', () => {
    const both = invoice({
      ...{ status: 'paid', total: 1_210, net: 1_000, paidOutside: 605, taxRateId: 'txr_1' },
      payments: [payment({ status: 'succeeded', received: 605 })],
    });
    expect(nextSettleAction([both])).toMatchObject({
      ...{ kind: 'credit', refundAmount: 605, balanceAmount: 0, lines: [{ net: 500, tax: 105 }] },
    });
    const back = payment({ status: 'succeeded', received: 605, refunded: 605 });
    const credited = { ...both, credited: 605, creditedNet: 500, payments: [back] };
    expect(nextSettleAction([credited])).toMatchObject({ kind: 'settled', money: { paid: 1_210, refunded: 605 } });
  });

  test('what the credit balance of the customer paid goes back to it', () => {
    const paid = payment({ status: 'succeeded', received: 700 });
    expect(nextSettleAction([invoice({ status: 'paid', paidFromBalance: 300, payments: [paid] })])).toMatchObject({
      ...{ kind: 'credit', refundAmount: 700, balanceAmount: 300 },
    });
  });

  test('an invoice with a negative line is credited by one line of its own, with the tax to the cent', () => {
    const change = invoice({
      ...{ status: 'paid', total: 9_836, net: 8_129, taxRateId: 'txr_1' },
      lines: [
        { id: 'il_1', quantity: 1, amount: -5_352, credited: 0 },
        { id: 'il_2', quantity: 1, amount: 13_481, credited: 0 },
      ],
      payments: [payment({ status: 'succeeded', received: 9_836 })],
    });
    expect(nextSettleAction([change])).toMatchObject({
      ...{ kind: 'credit', refundAmount: 9_836, lines: [{ net: 8_129, tax: 1_707 }], taxRateId: 'txr_1' },
    });
  });

  test('whatever people gave back before, exactly what was paid goes back in the end', () => {
    const parts = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 1_600, max: 5_000 }), parts, parts, (total, noted, byHand) => {
        const inNotes = noted.reduce((sum, amount) => sum + amount, 0);
        const refunds = [...byHand.entries()].map(([place, amount]) => part(`re_${place}`, amount)).slice(0, 2);
        const loose = refunds.reduce((sum, { amount }) => sum + amount, 0);
        fc.pre(inNotes + loose <= total);
        let facts = invoice({
          status: 'paid',
          total,
          credited: inNotes,
          lines: [{ id: 'il_1', quantity: 1, amount: total, credited: inNotes }],
          payments: [payment({ status: 'succeeded', received: total, refunded: inNotes + loose, byHand: refunds })],
        });
        let action = nextSettleAction([facts]);
        for (let round = 0; action.kind === 'credit' && round < 3; round += 1) {
          facts = credited(facts, action);
          action = nextSettleAction([facts]);
        }
        expect(action).toEqual({ kind: 'settled', money: { paid: total, refunded: total } });
      }),
    );
  });

  test('money that came for a void invoice goes back by itself', () => {
    const latePayment = invoice({ status: 'void', payments: [payment({ status: 'succeeded', received: 1_000 })] });
    expect(nextSettleAction([latePayment])).toEqual({ kind: 'refund_payment', paymentIntentId: 'pi_1', amount: 1_000 });
  });

  test('a refund that failed does not keep what another payment of the same void invoice took', () => {
    const lost = payment({ status: 'succeeded', received: 1_000, refundFailed: true });
    const other = payment({ paymentIntentId: 'pi_2', status: 'succeeded', received: 1_000 });
    const voided = invoice({ status: 'void', payments: [lost, other] });
    expect(nextSettleAction([voided])).toEqual({ kind: 'refund_payment', paymentIntentId: 'pi_2', amount: 1_000 });
    const back = { ...other, refunded: 1_000 };
    expect(nextSettleAction([{ ...voided, payments: [lost, back] }])).toMatchObject({ kind: 'refund_failed' });
  });

  test('settled is only ever said when nothing is kept and nothing is open', () => {
    const anyPayment = fc.record({
      paymentIntentId: fc.constantFrom('pi_1', 'pi_2'),
      status: fc.constantFrom('succeeded', 'processing', 'canceled', 'requires_payment_method', 'requires_action'),
      received: fc.nat(2_000),
      refunded: fc.nat(2_000),
      byHand: fc.constant([]),
      refundFailed: fc.boolean(),
    });
    const anyInvoice = fc.record({
      invoiceId: fc.constantFrom('in_1', 'in_2'),
      status: fc.constantFrom('draft', 'open', 'paid', 'void', 'uncollectible'),
      credited: fc.nat(2_000),
      creditedNet: fc.nat(2_000),
      total: fc.nat(2_000),
      net: fc.nat(2_000),
      paidOutside: fc.nat(2_000),
      returnedOutside: fc.nat(2_000),
      paidFromBalance: fc.nat(2_000),
      returnedToBalance: fc.nat(2_000),
      taxRateId: fc.constant(undefined),
      lines: fc.constant([{ id: 'il_1', quantity: 1, amount: 1_000, credited: 0 }]),
      payments: fc.array(anyPayment, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(anyInvoice as fc.Arbitrary<InvoiceFacts>, { maxLength: 3 }), (invoices) => {
        const action = nextSettleAction(invoices);
        if (action.kind !== 'settled') return;
        for (const { status, payments } of invoices) {
          expect(['paid', 'void']).toContain(status);
          for (const { received, refunded, status: payment } of status === 'void' ? payments : []) {
            expect(refunded).toBeGreaterThanOrEqual(received);
            expect(payment).not.toBe('processing');
          }
        }
        expect(action.money.refunded).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
