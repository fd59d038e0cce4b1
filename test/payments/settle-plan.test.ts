import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type InvoiceFacts, nextSettleAction } from '../../src/payments/settle-plan.ts';

type Payment = InvoiceFacts['payments'][number];

const payment = (facts: Partial<Payment> = {}): Payment => ({
  paymentIntentId: 'pi_1',
  status: 'requires_payment_method',
  received: 0,
  refunded: 0,
  refundFailed: false,
  ...facts,
});

const invoice = (facts: Partial<InvoiceFacts> = {}): InvoiceFacts => ({
  invoiceId: 'in_1',
  status: 'open',
  credited: 0,
  total: 1_000,
  lines: [{ id: 'il_1', quantity: 1, amount: 1_000 }],
  payments: [payment()],
  ...facts,
});

describe('the next action of settle', () => {
  test('nothing at Stripe is settled', () => {
    expect(nextSettleAction([])).toEqual({ kind: 'settled', money: { paid: 0, refunded: 0 } });
  });

  test('an open invoice is voided, one with a payment in flight is neither voided nor refunded', () => {
    expect(nextSettleAction([invoice()])).toEqual({ kind: 'void', invoiceId: 'in_1' });
    const inFlight = invoice({ payments: [payment({ status: 'processing' })] });
    expect(nextSettleAction([inFlight])).toEqual({ kind: 'in_flight', invoiceId: 'in_1' });
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
        { id: 'il_1', quantity: 1, amount: 700 },
        { id: 'il_2', quantity: 3, amount: 300 },
        { id: 'il_3', quantity: 1, amount: 0 },
      ],
      payments: [payment({ status: 'succeeded', received: 1_000 })],
    });
    expect(nextSettleAction([paid])).toEqual({
      kind: 'credit',
      invoiceId: 'in_1',
      refundAmount: 1_000,
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

  test('money that came for a void invoice goes back by itself', () => {
    const stray = invoice({ status: 'void', payments: [payment({ status: 'succeeded', received: 1_000 })] });
    expect(nextSettleAction([stray])).toEqual({ kind: 'refund_stray', paymentIntentId: 'pi_1', amount: 1_000 });
  });

  test('settled is only ever said when nothing is kept and nothing is open', () => {
    const anyPayment = fc.record({
      paymentIntentId: fc.constantFrom('pi_1', 'pi_2'),
      status: fc.constantFrom('succeeded', 'processing', 'canceled', 'requires_payment_method', 'requires_action'),
      received: fc.nat(2_000),
      refunded: fc.nat(2_000),
      refundFailed: fc.boolean(),
    });
    const anyInvoice = fc.record({
      invoiceId: fc.constantFrom('in_1', 'in_2'),
      status: fc.constantFrom('draft', 'open', 'paid', 'void', 'uncollectible'),
      credited: fc.nat(2_000),
      total: fc.nat(2_000),
      lines: fc.constant([{ id: 'il_1', quantity: 1, amount: 1_000 }]),
      payments: fc.array(anyPayment, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(anyInvoice as fc.Arbitrary<InvoiceFacts>, { maxLength: 3 }), (invoices) => {
        const action = nextSettleAction(invoices);
        if (action.kind !== 'settled') return;
        for (const { status, payments } of invoices) {
          expect(['paid', 'void']).toContain(status);
          for (const { received, refunded } of status === 'void' ? payments : []) {
            expect(refunded).toBeGreaterThanOrEqual(received);
          }
        }
        expect(action.money.refunded).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
