import type { Stripe } from 'stripe';
import { z } from 'zod';
import { type Collected, collect } from '../flows/collect.ts';
import {
  cancelPaymentIntent,
  checkClientSecret,
  createPaymentIntent,
  invoiceOf,
  publicView,
} from '../flows/intents.ts';
import { paymentMethodTypeNames } from '../flows/payment-method-types.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { cardError, invalidRequest } from '../kernel/errors.ts';
import { change } from '../kernel/events.ts';
import {
  amount,
  boolean,
  clearable,
  expand,
  list,
  mergeMetadata,
  metadata,
  metadataChange,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { createPaymentMethod, PaymentMethodData, paymentMethodOf } from './payment-methods.ts';

const setupFutureUsage = z.enum(['off_session', 'on_session']);

/** Parameters that only a browser sends, and the SDK's types omit. */
type BrowserOnly = 'client_secret' | 'payment_method_data';

const CreateParams = paramsOf<Stripe.PaymentIntentCreateParams, 'payment_method_data'>()(
  z.strictObject({
    amount,
    currency: z.string().regex(/^[a-z]{3}$/),
    allowed_payment_method_types: list(z.enum(paymentMethodTypeNames)).optional(),
    automatic_payment_methods: z
      .strictObject({ enabled: boolean, allow_redirects: z.enum(['always', 'never']).optional() })
      .optional(),
    confirm: boolean.optional(),
    customer: text().optional(),
    description: text().optional(),
    expand: expand.optional(),
    metadata: metadata.optional(),
    off_session: boolean.optional(),
    payment_method: text().optional(),
    payment_method_data: PaymentMethodData.optional(),
    receipt_email: text().optional(),
    return_url: text().optional(),
    setup_future_usage: setupFutureUsage.optional(),
  }),
);
const UpdateParams = paramsOf<Stripe.PaymentIntentUpdateParams>()(
  z.strictObject({
    description: text().optional(),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
  }),
);
const RetrieveParams = paramsOf<Stripe.PaymentIntentRetrieveParams>()(
  z.strictObject({ client_secret: text().optional(), expand: expand.optional() }),
);
const ConfirmParams = paramsOf<Stripe.PaymentIntentConfirmParams, BrowserOnly>()(
  z.strictObject({
    client_secret: text().optional(),
    expand: expand.optional(),
    off_session: boolean.optional(),
    payment_method: text().optional(),
    payment_method_data: PaymentMethodData.optional(),
    receipt_email: clearable(text()).optional(),
    return_url: text().optional(),
    setup_future_usage: clearable(setupFutureUsage).optional(),
    use_stripe_sdk: boolean.optional(),
  }),
);
const CancelParams = paramsOf<Stripe.PaymentIntentCancelParams>()(
  z.strictObject({
    cancellation_reason: z.enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
    expand: expand.optional(),
  }),
);
const ListParams = paramsOf<Stripe.PaymentIntentListParams>()(
  z.strictObject({ ...pagination, created: timeFilter.optional(), customer: text().optional() }),
);

/** Payment intents: `/v1/payment_intents`. Browsers may read and confirm the one whose client secret they know. */
export const paymentIntents = resource<'payment_intent'>({
  object: 'payment_intent',
  expandable: ['customer', 'latest_charge', 'payment_method'],
  routes: [
    route({
      method: 'POST',
      path: '/v1/payment_intents',
      params: CreateParams,
      handle: (ctx, params) => {
        if (params.customer) ctx.store.get('customer', params.customer, 'customer');
        if (params.amount < 1) {
          throw invalidRequest({
            code: 'amount_too_small',
            message: 'Amount must be at least 1 cent',
            param: 'amount',
          });
        }
        const method = givenMethod(ctx, params);
        const intent = createPaymentIntent(ctx, {
          amount: params.amount,
          currency: params.currency,
          customer: params.customer,
          description: params.description,
          metadata: mergeMetadata({}, params.metadata),
          paymentMethod: method?.id,
          setupFutureUsage: params.setup_future_usage,
          receiptEmail: params.receipt_email,
          allowedTypes: params.allowed_payment_method_types,
          automaticPaymentMethods: params.automatic_payment_methods ?? { enabled: true, allow_redirects: 'always' },
        });
        return params.confirm ? confirm(ctx, intent, { ...params, payment_method_data: undefined }) : intent;
      },
    }),
    route({
      method: 'GET',
      path: '/v1/payment_intents',
      params: ListParams,
      handle: (ctx, { created, customer, ...cursor }) =>
        ctx.store.page('payment_intent', { url: '/v1/payment_intents', filter: { created, customer }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/payment_intents/:id',
      params: RetrieveParams,
      publishable: true,
      handle: (ctx, params, { id }) => {
        const intent = ctx.store.get('payment_intent', id, 'intent');
        checkClientSecret(ctx, intent, params.client_secret);
        return publicView(ctx, intent);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_intents/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const intent = ctx.store.get('payment_intent', id, 'intent');
        return change(ctx, intent, {
          metadata: mergeMetadata(intent.metadata, params.metadata),
          ...(params.description === undefined ? {} : { description: params.description }),
        });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_intents/:id/confirm',
      params: ConfirmParams,
      publishable: true,
      handle: (ctx, params, { id }) => {
        const intent = ctx.store.get('payment_intent', id, 'intent');
        checkClientSecret(ctx, intent, params.client_secret);
        const patch: Partial<Stripe.PaymentIntent> = {
          ...(params.setup_future_usage ? { setup_future_usage: params.setup_future_usage } : {}),
          ...(params.receipt_email ? { receipt_email: params.receipt_email } : {}),
        };
        return publicView(ctx, confirm(ctx, change(ctx, intent, patch), params));
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_intents/:id/cancel',
      params: CancelParams,
      handle: (ctx, params, { id }) => {
        const intent = ctx.store.get('payment_intent', id, 'intent');
        if (invoiceOf(ctx, intent) && intent.status !== 'succeeded') {
          throw invalidRequest({
            code: 'payment_intent_unexpected_state',
            message:
              'You cannot cancel this PaymentIntent because it was created by an invoice. Void the invoice instead.',
          });
        }
        return cancelPaymentIntent(ctx, intent, params.cancellation_reason ?? null);
      },
    }),
  ],
});

/** Confirms and returns the intent; a refusal is a 402 that keeps the changes of the attempt. */
function confirm(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  params: Pick<z.output<typeof ConfirmParams>, 'payment_method' | 'payment_method_data' | 'off_session' | 'return_url'>,
): Stripe.PaymentIntent {
  const given = givenMethod(ctx, params);
  const known = intent.payment_method as string | null;
  const method = given ?? (known ? ctx.store.get('payment_method', known) : null);
  if (!method) {
    throw invalidRequest({
      code: 'payment_intent_unexpected_state',
      message:
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    });
  }
  const offSession = params.off_session ?? false;
  return intentOrRefusal(
    ctx,
    collect(ctx, intent, { method, offSession, challenge: !offSession, returnUrl: params.return_url ?? null }),
  );
}

function intentOrRefusal(ctx: Context, collected: Collected): Stripe.PaymentIntent {
  if (!collected.error) return collected.intent;
  throw cardError({ ...collected.error, payment_intent: publicView(ctx, collected.intent) });
}

function givenMethod(
  ctx: Context,
  params: { payment_method?: string; payment_method_data?: PaymentMethodData },
): Stripe.PaymentMethod | null {
  if (params.payment_method_data) {
    return createPaymentMethod(ctx, params.payment_method_data, 'payment_method_data[card]');
  }
  return params.payment_method ? paymentMethodOf(ctx, params.payment_method) : null;
}
