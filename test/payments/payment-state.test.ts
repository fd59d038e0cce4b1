import { describe, expect, test } from '@jest/globals';
import type Stripe from 'stripe';
import { readPayment } from '../../src/payments/payment-state.ts';

const payment = { customerId: 'cus_1', subscriptionId: 'sub_1', invoiceId: 'in_1', paymentIntentId: 'pi_1' };

/** A Stripe client with an open invoice whose payment intent has this status. */
function stripeWith(status: Stripe.PaymentIntent.Status): Stripe {
  const last_payment_error = { code: 'card_declined', decline_code: 'generic_decline' };
  return {
    invoices: { retrieve: async () => ({ object: 'invoice', status: 'open' }) },
    paymentIntents: { retrieve: async () => ({ object: 'payment_intent', id: 'pi_1', status, last_payment_error }) },
    charges: { list: async function* () {} },
  } as unknown as Stripe;
}

describe('a payment that is confirmed', () => {
  test('and not answered by the bank is processing, whatever was declined before', async () => {
    expect(await readPayment(stripeWith('processing'), payment)).toEqual({ kind: 'processing' });
  });

  test('and refused is open again', async () => {
    const state = await readPayment(stripeWith('requires_payment_method'), payment);
    expect(state).toMatchObject({ kind: 'open', lastDecline: 'generic_decline' });
  });
});
