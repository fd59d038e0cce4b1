import type Stripe from 'stripe';
import type { OrderPayment } from '../contracts/order-payment.ts';
import { call } from './client.ts';
import { toReason } from './errors.ts';
import type { PaymentMoney } from './late-payment-plan.ts';
import { readRefunds } from './refunds.ts';

/**
 * What the payments of an order's invoice took and gave back. One call, and one more for each payment that took money;
 * an invoice with more than 100 payments is not ours.
 */
export async function moneyOf(stripe: Stripe, { invoiceId }: OrderPayment): Promise<PaymentMoney[]> {
  const expand = ['data.payment.payment_intent'];
  const { data } = await call('list', stripe.invoicePayments.list({ invoice: invoiceId, limit: 100, expand }));
  const intents = data
    .map(({ payment }) => payment.payment_intent)
    .filter((intent): intent is Stripe.PaymentIntent => typeof intent === 'object');
  return Promise.all(intents.filter((intent) => intent.amount_received > 0).map((intent) => readMoney(stripe, intent)));
}

async function readMoney(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<PaymentMoney> {
  try {
    const { givenBack, failed } = await readRefunds(stripe, intent.id);
    return {
      paymentIntentId: intent.id,
      received: intent.amount_received,
      refunded: givenBack.reduce((sum, { amount }) => sum + amount, 0),
      failedRefundId: failed[0]?.id,
    };
  } catch (error) {
    throw toReason(error);
  }
}
