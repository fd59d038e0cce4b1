import type Stripe from 'stripe';
import { call } from './client.ts';
import { isMissing, toReason } from './errors.ts';
import type { PaymentMoney } from './late-payment-plan.ts';
import { readRefunds } from './refunds.ts';

/** What was paid and refunded by Stripe for these invoices; a deleted draft has nothing. */
export async function moneyOf(stripe: Stripe, invoiceIds: readonly string[]): Promise<PaymentMoney[]> {
  return (await Promise.all(invoiceIds.map((invoiceId) => moneyOfInvoice(stripe, invoiceId)))).flat();
}

/** One call, and one more per successful payment. Our invoices never have more than 100 payments. */
async function moneyOfInvoice(stripe: Stripe, invoiceId: string): Promise<PaymentMoney[]> {
  const expand = ['data.payment.payment_intent'];
  const { data } = await call('list', stripe.invoicePayments.list({ invoice: invoiceId, limit: 100, expand })).catch(
    (error) => {
      if (isMissing(error)) return { data: [] };
      throw error;
    },
  );
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
