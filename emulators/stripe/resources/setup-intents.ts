import type { Stripe } from 'stripe';
import { z } from 'zod';
import { checkClientSecret, publicView } from '../flows/intents.ts';
import { type Instrument, paymentMethodTypeNames, typeOf } from '../flows/payment-method-types.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { cardError, type ErrorDetail, invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId, randomText } from '../kernel/ids.ts';
import { boolean, expand, list, mergeMetadata, metadata, paramsOf, text } from '../kernel/params.ts';
import { attachToCustomer, createPaymentMethod, PaymentMethodData, paymentMethodOf } from './payment-methods.ts';

const CreateParams = paramsOf<Stripe.SetupIntentCreateParams, 'payment_method_data'>()(
  z.strictObject({
    allowed_payment_method_types: list(z.enum(paymentMethodTypeNames)).optional(),
    automatic_payment_methods: z
      .strictObject({ enabled: boolean, allow_redirects: z.enum(['always', 'never']).optional() })
      .optional(),
    confirm: boolean.optional(),
    customer: text().optional(),
    description: text().optional(),
    expand: expand.optional(),
    metadata: metadata.optional(),
    payment_method: text().optional(),
    payment_method_data: PaymentMethodData.optional(),
    return_url: text().optional(),
    usage: z.enum(['off_session', 'on_session']).optional(),
  }),
);
const RetrieveParams = paramsOf<Stripe.SetupIntentRetrieveParams>()(
  z.strictObject({ client_secret: text().optional(), expand: expand.optional() }),
);
const ConfirmParams = paramsOf<Stripe.SetupIntentConfirmParams, 'client_secret' | 'payment_method_data'>()(
  z.strictObject({
    client_secret: text().optional(),
    expand: expand.optional(),
    payment_method: text().optional(),
    payment_method_data: PaymentMethodData.optional(),
    return_url: text().optional(),
    use_stripe_sdk: boolean.optional(),
  }),
);

/** Setup intents: `/v1/setup_intents`. They save a payment method without taking money. */
export const setupIntents = resource<'setup_intent'>({
  object: 'setup_intent',
  expandable: ['customer', 'payment_method'],
  routes: [
    route({
      method: 'POST',
      path: '/v1/setup_intents',
      params: CreateParams,
      handle: (ctx, params) => {
        if (params.customer) ctx.store.get('customer', params.customer, 'customer');
        const intent = createSetupIntent(ctx, {
          customer: params.customer ?? null,
          description: params.description ?? null,
          metadata: mergeMetadata({}, params.metadata),
          usage: params.usage ?? 'off_session',
          allowedTypes: params.allowed_payment_method_types ?? null,
        });
        const method = givenMethod(ctx, params);
        const chosen = method
          ? change(ctx, intent, { payment_method: method.id, status: 'requires_confirmation' })
          : intent;
        return params.confirm ? confirm(ctx, chosen, method, params.return_url ?? null) : chosen;
      },
    }),
    route({
      method: 'GET',
      path: '/v1/setup_intents/:id',
      params: RetrieveParams,
      publishable: true,
      handle: (ctx, params, { id }) => {
        const intent = ctx.store.get('setup_intent', id, 'intent');
        checkClientSecret(ctx, intent, params.client_secret);
        return publicView(ctx, intent);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/setup_intents/:id/confirm',
      params: ConfirmParams,
      publishable: true,
      handle: (ctx, params, { id }) => {
        const intent = ctx.store.get('setup_intent', id, 'intent');
        checkClientSecret(ctx, intent, params.client_secret);
        return publicView(ctx, confirm(ctx, intent, givenMethod(ctx, params), params.return_url ?? null));
      },
    }),
  ],
});

/** A new setup intent; emits `setup_intent.created`. */
export function createSetupIntent(
  ctx: Context,
  given: {
    customer: string | null;
    description: string | null;
    metadata: Stripe.Metadata;
    usage: 'off_session' | 'on_session';
    allowedTypes: Stripe.SetupIntent.AllowedPaymentMethodType[] | null;
  },
): Stripe.SetupIntent {
  const id = newId('seti');
  const intent = ctx.store.insert<Stripe.SetupIntent>({
    id,
    object: 'setup_intent',
    allowed_payment_method_types: given.allowedTypes,
    application: null,
    automatic_payment_methods: given.allowedTypes ? null : { enabled: true, allow_redirects: 'always' },
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(25)}`,
    created: ctx.clock.seconds(),
    customer: given.customer,
    description: given.description,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: given.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: given.allowedTypes ?? [...paymentMethodTypeNames],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: given.usage,
  });
  emit(ctx, 'setup_intent.created', intent);
  return intent;
}

/** Saves the payment method; `approved` says that the customer has just passed 3-D Secure. */
export function setUp(
  ctx: Context,
  before: Stripe.SetupIntent,
  how: { method: Stripe.PaymentMethod; approved: boolean; returnUrl: string | null },
): { intent: Stripe.SetupIntent; error: Omit<ErrorDetail, 'type'> | null } {
  const { method, approved, returnUrl } = how;
  const instrument = ctx.store.hidden<Instrument>(method.id)!;
  const intent = change(ctx, before, { payment_method: method.id, last_setup_error: null, next_action: null });
  const attempt = typeOf(method).setUp(instrument, { approved });
  if (attempt.outcome === 'declined') return failSetup(ctx, intent, attempt.decline);
  if (attempt.outcome === 'requires_action') {
    const url = `${ctx.config.address}/emulator/3ds/${intent.id}`;
    const next_action = { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } };
    return {
      intent: change(ctx, intent, { status: 'requires_action', next_action }, 'setup_intent.requires_action'),
      error: null,
    };
  }
  const saved = intent.customer ? attachToCustomer(ctx, method, intent.customer as string) : method;
  ctx.store.save(saved, { ...instrument, setUp: approved || instrument.setUp });
  return { intent: change(ctx, intent, { status: 'succeeded' }, 'setup_intent.succeeded'), error: null };
}

/** The bank, or the customer, refused. */
export function failSetup(
  ctx: Context,
  intent: Stripe.SetupIntent,
  decline: { code: string; decline_code?: string; message: string },
): { intent: Stripe.SetupIntent; error: Omit<ErrorDetail, 'type'> } {
  const method = ctx.store.get('payment_method', intent.payment_method as string);
  const failed = change(
    ctx,
    intent,
    {
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      last_setup_error: { type: 'card_error', ...decline, payment_method: method },
    },
    'setup_intent.setup_failed',
  );
  return { intent: failed, error: { ...decline, payment_method: method, setup_intent: failed } };
}

const confirmable = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

function confirm(
  ctx: Context,
  intent: Stripe.SetupIntent,
  given: Stripe.PaymentMethod | null,
  returnUrl: string | null,
): Stripe.SetupIntent {
  const known = intent.payment_method as string | null;
  const method = given ?? (known ? ctx.store.get('payment_method', known) : null);
  if (!method || !confirmable.includes(intent.status)) {
    throw invalidRequest({
      code: 'setup_intent_unexpected_state',
      message: method
        ? `You cannot confirm this SetupIntent because it has a status of ${intent.status}.`
        : "You cannot confirm this SetupIntent because it's missing a payment method.",
    });
  }
  const done = setUp(ctx, intent, { method, approved: false, returnUrl });
  if (done.error) throw cardError({ ...done.error, setup_intent: publicView(ctx, done.intent) });
  return done.intent;
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
