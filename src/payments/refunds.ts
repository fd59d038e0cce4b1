import type Stripe from 'stripe';

/** The refunds of one payment intent: those that succeeded or are pending, and those that failed. */
export interface RefundsOfPayment {
  givenBack: Stripe.Refund[];
  failed: Stripe.Refund[];
}

/** Reads all refunds of a payment intent, newest first. Throws the SDK's errors. */
export async function readRefunds(stripe: Stripe, paymentIntentId: string): Promise<RefundsOfPayment> {
  const givenBack: Stripe.Refund[] = [];
  const failed: Stripe.Refund[] = [];
  for await (const refund of stripe.refunds.list({ payment_intent: paymentIntentId, limit: 100 })) {
    if (refund.status === 'succeeded' || refund.status === 'pending') givenBack.push(refund);
    if (refund.status === 'failed' || refund.status === 'requires_action') failed.push(refund);
  }
  return { givenBack, failed };
}
