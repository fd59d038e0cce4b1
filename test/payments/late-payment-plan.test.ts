import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { latePaymentsOf, type PaymentMoney } from '../../src/payments/late-payment-plan.ts';

const orderId = 'ord_0123456789abcdef';

test('a payment that gave back less than it took is stray, by the id that the webhook gives it', () => {
  expect(latePaymentsOf(orderId, [{ paymentIntentId: 'pi_1', received: 1_000, refunded: 999 }])).toEqual([
    { paymentIntentId: 'pi_1', orderId },
  ]);
  const failed = { paymentIntentId: 'pi_2', received: 1_000, refunded: 0, failedRefundId: 're_1' };
  expect(latePaymentsOf(orderId, [failed])).toEqual([{ paymentIntentId: 'pi_2', orderId, refundId: 're_1' }]);
});

test('what gave everything back is not, though a refund failed on the way', () => {
  const back = { paymentIntentId: 'pi_1', received: 1_000, refunded: 1_000, failedRefundId: 're_1' };
  expect(latePaymentsOf(orderId, [back])).toEqual([]);
});

test('exactly the payments that keep money are stray', () => {
  const anyPayment = fc.record({ paymentIntentId: fc.uuid(), received: fc.nat(5), refunded: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(anyPayment), (payments: PaymentMoney[]) => {
      const keeping = payments.filter(({ received, refunded }) => received - refunded > 0);
      expect(latePaymentsOf(orderId, payments).map((latePayment) => latePayment.paymentIntentId)).toEqual(
        keeping.map(({ paymentIntentId }) => paymentIntentId),
      );
    }),
  );
});
