import type { Stripe } from 'stripe';
import { z } from 'zod';
import { endSubscription } from '../flows/subscription-state.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { change, emit } from '../kernel/events.ts';
import { newId, randomText } from '../kernel/ids.ts';
import {
  address,
  amount,
  clearable,
  expand,
  fullAddress,
  list,
  mergeMetadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { attachToCustomer, paymentMethodOf } from './payment-methods.ts';

const taxExempt = z.enum(['none', 'exempt', 'reverse']);

const writable = {
  address: clearable(address).optional(),
  description: clearable(text()).optional(),
  email: clearable(text(512)).optional(),
  balance: z
    .string()
    .regex(/^-?\d{1,12}$/, 'integer')
    .transform(Number)
    .optional(),
  expand: expand.optional(),
  invoice_prefix: z
    .string()
    .regex(/^[A-Z0-9]{3,12}$/)
    .optional(),
  invoice_settings: z
    .strictObject({ default_payment_method: text().optional(), footer: clearable(text()).optional() })
    .optional(),
  metadata: metadataChange.optional(),
  name: clearable(text(256)).optional(),
  next_invoice_sequence: amount.optional(),
  phone: clearable(text(20)).optional(),
  preferred_locales: list(text(10)).optional(),
  tax_exempt: clearable(taxExempt).optional(),
};

const CreateParams = paramsOf<Stripe.CustomerCreateParams>()(
  z.strictObject({ ...writable, payment_method: text().optional() }),
);
const UpdateParams = paramsOf<Stripe.CustomerUpdateParams>()(z.strictObject(writable));
const ListParams = paramsOf<Stripe.CustomerListParams>()(
  z.strictObject({ ...pagination, created: timeFilter.optional(), email: text().optional() }),
);
const MethodListParams = paramsOf<Stripe.CustomerListPaymentMethodsParams>()(
  z.strictObject({ ...pagination, type: text().optional() }),
);

type Writable = z.output<typeof UpdateParams>;

/** Customers: `/v1/customers`. */
export const customers = resource<'customer'>({
  object: 'customer',
  expandable: ['invoice_settings.default_payment_method'],
  included: {
    subscriptions: (ctx, customer) =>
      ctx.store.page('subscription', {
        url: `/v1/customers/${customer.id}/subscriptions`,
        filter: { customer: customer.id, status: ['active', 'incomplete', 'past_due', 'trialing', 'unpaid'] },
        cursor: {},
      }),
  },
  routes: [
    route({
      method: 'POST',
      path: '/v1/customers',
      params: CreateParams,
      handle: (ctx, params) => {
        const blank = blankCustomer(ctx);
        const customer = ctx.store.insert({ ...blank, ...changedBy(blank, params) });
        emit(ctx, 'customer.created', customer);
        if (params.payment_method) attachToCustomer(ctx, paymentMethodOf(ctx, params.payment_method), customer.id);
        return customer;
      },
    }),
    route({
      method: 'GET',
      path: '/v1/customers',
      params: ListParams,
      handle: (ctx, { created, email, ...cursor }) =>
        ctx.store.page('customer', { url: '/v1/customers', filter: { created, email }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/customers/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) =>
        ctx.store.wasDeleted('customer', id)
          ? { id, object: 'customer', deleted: true }
          : ctx.store.get('customer', id),
    }),
    route({
      method: 'POST',
      path: '/v1/customers/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const customer = ctx.store.get('customer', id);
        const method = params.invoice_settings?.default_payment_method;
        if (method) ctx.store.get('payment_method', method, 'invoice_settings[default_payment_method]');
        return change(ctx, customer, changedBy(customer, params), 'customer.updated');
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/customers/:id',
      params: z.strictObject({}),
      handle: (ctx, _params, { id }) => {
        const customer = ctx.store.get('customer', id);
        const live = ctx.store.all('subscription', {
          customer: id,
          status: ['active', 'past_due', 'trialing', 'unpaid'],
        });
        for (const subscription of live) endSubscription(ctx, subscription);
        ctx.store.remove(id);
        emit(ctx, 'customer.deleted', customer);
        return { id, object: 'customer', deleted: true };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/customers/:id/payment_methods',
      params: MethodListParams,
      handle: (ctx, { type, ...cursor }, { id }) => {
        ctx.store.get('customer', id);
        const url = `/v1/customers/${id}/payment_methods`;
        return ctx.store.page('payment_method', { url, filter: { customer: id, type }, cursor });
      },
    }),
  ],
});

function blankCustomer(ctx: Context): Stripe.Customer {
  return {
    id: newId('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: ctx.clock.seconds(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}

function changedBy(customer: Stripe.Customer, params: Writable): Partial<Stripe.Customer> {
  const { address, invoice_settings: settings } = params;
  const plain = (['description', 'email', 'name', 'phone'] as const)
    .filter((name) => params[name] !== undefined)
    .map((name) => [name, params[name] || null]);
  return {
    ...Object.fromEntries(plain),
    metadata: mergeMetadata(customer.metadata, params.metadata),
    ...(params.balance === undefined ? {} : { balance: params.balance }),
    ...(address === undefined ? {} : { address: address === '' ? null : fullAddress(address) }),
    ...(params.invoice_prefix ? { invoice_prefix: params.invoice_prefix } : {}),
    ...(params.next_invoice_sequence ? { next_invoice_sequence: params.next_invoice_sequence } : {}),
    ...(params.preferred_locales ? { preferred_locales: params.preferred_locales } : {}),
    ...(params.tax_exempt === undefined ? {} : { tax_exempt: params.tax_exempt || 'none' }),
    ...(settings && {
      invoice_settings: {
        ...customer.invoice_settings,
        ...(settings.default_payment_method ? { default_payment_method: settings.default_payment_method } : {}),
        ...(settings.footer === undefined ? {} : { footer: settings.footer || null }),
      },
    }),
  };
}
