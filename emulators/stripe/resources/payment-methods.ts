import type { Stripe } from 'stripe';
import { z } from 'zod';
import {
  CardDetails,
  type Instrument,
  paymentMethodTypeNames,
  paymentMethodTypes,
  typeOf,
} from '../flows/payment-method-types.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { cardError, invalidRequest, noSuch } from '../kernel/errors.ts';
import { change } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import {
  address,
  clearable,
  expand,
  fullAddress,
  mergeMetadata,
  metadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
} from '../kernel/params.ts';

const billingDetails = z.strictObject({
  address: clearable(address).optional(),
  email: clearable(text()).optional(),
  name: clearable(text()).optional(),
  phone: clearable(text()).optional(),
});
const allowRedisplay = z.enum(['always', 'limited', 'unspecified']);

/** What a browser sends to pay with a new card: when creating a payment method, and inside `payment_method_data`. */
const described = {
  type: z.enum(paymentMethodTypeNames),
  card: CardDetails.optional(),
  billing_details: billingDetails.optional(),
  allow_redisplay: allowRedisplay.optional(),
  metadata: metadata.optional(),
};

export const PaymentMethodData = z.strictObject(described);
export type PaymentMethodData = z.output<typeof PaymentMethodData>;

const CreateParams = paramsOf<Stripe.PaymentMethodCreateParams>()(
  z.strictObject({ ...described, expand: expand.optional() }),
);
const UpdateParams = paramsOf<Stripe.PaymentMethodUpdateParams>()(
  z.strictObject({
    billing_details: billingDetails.optional(),
    allow_redisplay: allowRedisplay.optional(),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
  }),
);
const AttachParams = paramsOf<Stripe.PaymentMethodAttachParams>()(
  z.strictObject({ customer: text(), expand: expand.optional() }),
);
const ListParams = paramsOf<Stripe.PaymentMethodListParams>()(
  z.strictObject({ ...pagination, customer: text().optional(), type: text().optional() }),
);

/** Payment methods: `/v1/payment_methods`, also for browsers, which create them with a publishable key. */
export const paymentMethods = resource<'payment_method'>({
  object: 'payment_method',
  expandable: ['customer'],
  routes: [
    route({
      method: 'POST',
      path: '/v1/payment_methods',
      params: CreateParams,
      publishable: true,
      handle: (ctx, params) => createPaymentMethod(ctx, params, 'card'),
    }),
    route({
      method: 'GET',
      path: '/v1/payment_methods',
      params: ListParams,
      handle: (ctx, { customer, type, ...cursor }) => {
        const url = '/v1/payment_methods';
        return ctx.store.page('payment_method', { url, filter: { customer, type }, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/payment_methods/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => paymentMethodOf(ctx, id, 'id'),
    }),
    route({
      method: 'POST',
      path: '/v1/payment_methods/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const method = ctx.store.get('payment_method', id);
        const patch: Partial<Stripe.PaymentMethod> = {
          metadata: mergeMetadata(method.metadata, params.metadata),
          ...(params.allow_redisplay ? { allow_redisplay: params.allow_redisplay } : {}),
          ...(params.billing_details ? { billing_details: fullDetails(params.billing_details, method) } : {}),
        };
        return change(ctx, method, patch, 'payment_method.updated');
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_methods/:id/attach',
      params: AttachParams,
      handle: (ctx, { customer }, { id }) => {
        ctx.store.get('customer', customer, 'customer');
        return attachToCustomer(ctx, paymentMethodOf(ctx, id, 'id'), customer);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_methods/:id/detach',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => {
        const method = ctx.store.get('payment_method', id);
        if (!method.customer) {
          throw invalidRequest({
            message: 'The payment method you provided is not attached to a customer so detachment is impossible.',
          });
        }
        forget(ctx, method);
        return change(ctx, method, { customer: null }, 'payment_method.detached');
      },
    }),
  ],
});

/** A new payment method; `param` names the hash in which a card is missing. */
export function createPaymentMethod(ctx: Context, data: PaymentMethodData, param: string): Stripe.PaymentMethod {
  if (!data.card) {
    throw invalidRequest({ code: 'parameter_missing', message: `Missing required param: ${param}.`, param });
  }
  const described = paymentMethodTypes[data.type].describe(data.card, new Date(ctx.clock.milliseconds()));
  return store(ctx, described, data);
}

/** The payment method with that id; the name of a ready-made one (`pm_card_visa`) creates a new one each time. */
export function paymentMethodOf(ctx: Context, id: string, param = 'payment_method'): Stripe.PaymentMethod {
  const found = ctx.store.find('payment_method', id);
  if (found) return found;
  const named = paymentMethodTypes.card.named(id, new Date(ctx.clock.milliseconds()));
  if (!named) throw noSuch('PaymentMethod', id, param);
  return store(ctx, named, {});
}

/** Saves the payment method to the customer; 402 if its bank refuses, 400 if it belongs to another customer. */
export function attachToCustomer(ctx: Context, method: Stripe.PaymentMethod, customer: string): Stripe.PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer) {
    throw invalidRequest({ message: 'The payment method you provided has already been attached to a customer.' });
  }
  const decline = typeOf(method).refusesAttach(ctx.store.hidden<Instrument>(method.id)!);
  if (decline) throw cardError({ ...decline });
  return change(ctx, method, { customer }, 'payment_method.attached');
}

function store(
  ctx: Context,
  described: { card: Stripe.PaymentMethod.Card; instrument: Instrument },
  given: Partial<PaymentMethodData>,
): Stripe.PaymentMethod {
  const method: Stripe.PaymentMethod = {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: given.allow_redisplay ?? 'unspecified',
    billing_details: fullDetails(given.billing_details ?? {}),
    card: described.card,
    created: ctx.clock.seconds(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: mergeMetadata({}, given.metadata),
    type: 'card',
  };
  return ctx.store.insert(method, described.instrument);
}

function fullDetails(
  given: z.output<typeof billingDetails>,
  before?: Stripe.PaymentMethod,
): Stripe.PaymentMethod.BillingDetails {
  const known = before?.billing_details;
  const of = (field: 'email' | 'name' | 'phone') =>
    given[field] === undefined ? (known?.[field] ?? null) : given[field] || null;
  return {
    address: given.address ? fullAddress(given.address) : (known?.address ?? fullAddress({})),
    email: of('email'),
    name: of('name'),
    phone: of('phone'),
    tax_id: null,
  };
}

/** Removes it wherever it is the default. */
function forget(ctx: Context, method: Stripe.PaymentMethod): void {
  const customer = ctx.store.find('customer', method.customer as string);
  if (customer?.invoice_settings.default_payment_method === method.id) {
    ctx.store.save({ ...customer, invoice_settings: { ...customer.invoice_settings, default_payment_method: null } });
  }
  for (const subscription of ctx.store.all('subscription', { default_payment_method: method.id })) {
    ctx.store.save({ ...subscription, default_payment_method: null });
  }
}
