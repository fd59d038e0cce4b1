import type { Stripe } from 'stripe';
import { z } from 'zod';
import { typeOf } from '../flows/payment-method-types.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { onlyExpand, pagination, paramsOf, text, timeFilter } from '../kernel/params.ts';

const ListParams = paramsOf<Stripe.ChargeListParams>()(
  z.strictObject({
    ...pagination,
    created: timeFilter.optional(),
    customer: text().optional(),
    payment_intent: text().optional(),
  }),
);

/** Charges: `/v1/charges`, read only; payment intents create them. */
export const charges = resource<'charge'>({
  object: 'charge',
  expandable: ['customer', 'payment_intent', 'payment_method'],
  included: {
    refunds: (ctx, charge) =>
      ctx.store.page('refund', { url: `/v1/charges/${charge.id}/refunds`, filter: { charge: charge.id }, cursor: {} }),
  },
  routes: [
    route({
      method: 'GET',
      path: '/v1/charges',
      params: ListParams,
      handle: (ctx, { created, customer, payment_intent, ...cursor }) =>
        ctx.store.page('charge', { url: '/v1/charges', filter: { created, customer, payment_intent }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/charges/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('charge', id),
    }),
  ],
});

/** The charge of one attempt, succeeded or (with `decline`) failed. */
export function recordCharge(
  ctx: Context,
  attempt: {
    intent: Stripe.PaymentIntent;
    method: Stripe.PaymentMethod;
    approved: boolean;
    decline: { code: string; decline_code?: string; message: string } | null;
  },
): Stripe.Charge {
  const { intent, method, approved, decline } = attempt;
  const paid = decline === null;
  const charge = ctx.store.insert<Stripe.Charge>({
    id: newId('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: paid ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'FREEHOLD EMULATOR',
    captured: paid,
    created: ctx.clock.seconds(),
    currency: intent.currency,
    customer: intent.customer as string | null,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: paid ? 'approved_by_network' : 'declined_by_network',
      reason: decline ? (decline.decline_code ?? decline.code) : null,
      risk_level: 'normal',
      seller_message: paid ? 'Payment complete.' : 'The bank did not return any further details with this decline.',
      type: paid ? 'authorized' : 'issuer_declined',
    },
    paid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: typeOf(method).chargeDetails(method, { amount: intent.amount, approved }),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: paid ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: null,
  });
  emit(ctx, paid ? 'charge.succeeded' : 'charge.failed', charge);
  return charge;
}
