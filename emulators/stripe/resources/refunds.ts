import type { Stripe } from 'stripe';
import { z } from 'zod';
import { type Instrument, typeOf } from '../flows/payment-method-types.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId, randomText } from '../kernel/ids.ts';
import {
  amount,
  expand,
  mergeMetadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { schedule } from '../kernel/timers.ts';

/** Kind of the timer that fails a refund, and how long after the refund, seconds. */
const comesBack = 'refund.comes_back';
const comesBackAfter = 3 * 24 * 3600;

const CreateParams = paramsOf<Stripe.RefundCreateParams>()(
  z.strictObject({
    amount: amount.optional(),
    charge: text().optional(),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
    payment_intent: text().optional(),
    reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  }),
);
const UpdateParams = paramsOf<Stripe.RefundUpdateParams>()(
  z.strictObject({ expand: expand.optional(), metadata: metadataChange.optional() }),
);
const ListParams = paramsOf<Stripe.RefundListParams>()(
  z.strictObject({
    ...pagination,
    charge: text().optional(),
    created: timeFilter.optional(),
    payment_intent: text().optional(),
  }),
);

/** Refunds: `/v1/refunds`. */
export const refunds = resource<'refund'>({
  object: 'refund',
  expandable: ['charge', 'customer', 'payment_intent', 'payment_method'],
  routes: [
    route({
      method: 'POST',
      path: '/v1/refunds',
      params: CreateParams,
      handle: (ctx, params) => {
        const charge = chargeOf(ctx, params);
        return refundCharge(ctx, charge, {
          amount: params.amount ?? charge.amount_captured - charge.amount_refunded,
          reason: params.reason ?? null,
          metadata: mergeMetadata({}, params.metadata),
        });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/refunds',
      params: ListParams,
      handle: (ctx, { charge, created, payment_intent, ...cursor }) =>
        ctx.store.page('refund', { url: '/v1/refunds', filter: { charge, created, payment_intent }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/refunds/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('refund', id),
    }),
    route({
      method: 'POST',
      path: '/v1/refunds/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const refund = ctx.store.get('refund', id);
        return change(ctx, refund, { metadata: mergeMetadata(refund.metadata, params.metadata) }, 'refund.updated');
      },
    }),
  ],
  timers: { [comesBack]: (ctx, id) => failRefund(ctx, ctx.store.get('refund', id)) },
});

/** Refunds `amount` (minor units) of a charge; 400 if less than that is left. */
export function refundCharge(
  ctx: Context,
  charge: Stripe.Charge,
  given: { amount: number; reason: Stripe.Refund.Reason | null; metadata: Stripe.Metadata },
): Stripe.Refund {
  const left = charge.amount_captured - charge.amount_refunded;
  if (charge.refunded) {
    throw invalidRequest({
      code: 'charge_already_refunded',
      message: `Charge ${charge.id} has already been refunded.`,
    });
  }
  if (given.amount < 1 || given.amount > left) {
    throw invalidRequest({
      message: `Refund amount (${given.amount}) is greater than unrefunded amount on charge (${left})`,
      param: 'amount',
    });
  }
  const refund = ctx.store.insert<Stripe.Refund>({
    id: newId('re'),
    object: 'refund',
    amount: given.amount,
    balance_transaction: null,
    charge: charge.id,
    created: ctx.clock.seconds(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: {
        reference: randomText(12),
        reference_status: 'available',
        reference_type: 'acquirer_reference_number',
        type: 'refund',
      },
      type: 'card',
    },
    metadata: given.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: given.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  });
  emit(ctx, 'refund.created', refund);
  const refunded = charge.amount_refunded + given.amount;
  const patch = { amount_refunded: refunded, refunded: refunded === charge.amount_captured };
  change(ctx, charge, patch, 'charge.refunded');
  const method = ctx.store.get('payment_method', charge.payment_method as string);
  if (typeOf(method).refundFails(ctx.store.hidden<Instrument>(method.id)!)) {
    schedule(ctx, { kind: comesBack, object: refund.id, at: refund.created + comesBackAfter });
  }
  return refund;
}

/** The customer's bank returns the money: it counts as not refunded again. Its credit note stays issued. */
function failRefund(ctx: Context, refund: Stripe.Refund): void {
  const charge = ctx.store.get('charge', refund.charge as string);
  const refunded = charge.amount_refunded - refund.amount;
  change(ctx, charge, { amount_refunded: refunded, refunded: false }, 'charge.updated');
  const failed = change(ctx, refund, { status: 'failed', failure_reason: 'expired_or_canceled_card' });
  for (const type of ['charge.refund.updated', 'refund.updated', 'refund.failed']) emit(ctx, type, failed);
}

function chargeOf(ctx: Context, params: z.output<typeof CreateParams>): Stripe.Charge {
  if (params.charge) return requirePaid(ctx.store.get('charge', params.charge, 'charge'));
  if (!params.payment_intent) {
    throw invalidRequest({
      code: 'parameter_missing',
      message: 'One of the following params should be provided for this request: payment_intent or charge.',
    });
  }
  const intent = ctx.store.get('payment_intent', params.payment_intent, 'payment_intent');
  if (intent.status !== 'succeeded') {
    throw invalidRequest({ message: `This PaymentIntent (${intent.id}) does not have a successful charge to refund.` });
  }
  return ctx.store.get('charge', intent.latest_charge as string);
}

function requirePaid(charge: Stripe.Charge): Stripe.Charge {
  if (charge.paid) return charge;
  throw invalidRequest({ message: `Charge ${charge.id} does not have a successful payment to refund.` });
}
