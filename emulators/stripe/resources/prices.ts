import { Stripe } from 'stripe';
import { z } from 'zod';
import { type Context, resource, route } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import {
  amount,
  boolean,
  expand,
  integer,
  list,
  mergeMetadata,
  metadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { createProduct } from './products.ts';

const interval = z.enum(['day', 'week', 'month', 'year']);
const taxBehavior = z.enum(['exclusive', 'inclusive', 'unspecified']);

const CreateParams = paramsOf<Stripe.PriceCreateParams>()(
  z.strictObject({
    currency: z
      .string()
      .regex(/^[a-zA-Z]{3}$/)
      .transform((code) => code.toLowerCase()),
    active: boolean.optional(),
    billing_scheme: z.literal('per_unit').optional(),
    expand: expand.optional(),
    lookup_key: text(200).optional(),
    metadata: metadata.optional(),
    nickname: text().optional(),
    product: text().optional(),
    product_data: z
      .strictObject({
        name: text(250),
        active: boolean.optional(),
        id: text(200).optional(),
        metadata: metadata.optional(),
        unit_label: text(12).optional(),
      })
      .optional(),
    recurring: z
      .strictObject({
        interval,
        interval_count: integer.refine((count) => count >= 1 && count <= 1095, 'integer from 1').optional(),
        usage_type: z.literal('licensed').optional(),
      })
      .optional(),
    tax_behavior: taxBehavior.optional(),
    transfer_lookup_key: boolean.optional(),
    unit_amount: amount,
  }),
);
const UpdateParams = paramsOf<Stripe.PriceUpdateParams>()(
  z.strictObject({
    active: boolean.optional(),
    expand: expand.optional(),
    lookup_key: text(200).optional(),
    metadata: metadataChange.optional(),
    nickname: text().optional(),
    tax_behavior: taxBehavior.optional(),
    transfer_lookup_key: boolean.optional(),
  }),
);
const ListParams = paramsOf<Stripe.PriceListParams>()(
  z.strictObject({
    ...pagination,
    active: boolean.optional(),
    created: timeFilter.optional(),
    currency: text().optional(),
    lookup_keys: list(text()).optional(),
    product: text().optional(),
    recurring: z
      .strictObject({ interval: interval.optional(), usage_type: z.literal('licensed').optional() })
      .optional(),
    type: z.enum(['one_time', 'recurring']).optional(),
  }),
);

/** Prices: `/v1/prices`. Only amounts per unit; a price never changes its amount. */
export const prices = resource<'price'>({
  object: 'price',
  expandable: ['product'],
  routes: [
    route({ method: 'POST', path: '/v1/prices', params: CreateParams, handle: createPrice }),
    route({
      method: 'GET',
      path: '/v1/prices',
      params: ListParams,
      handle: (ctx, { active, created, currency, lookup_keys, product, recurring, type, ...cursor }) => {
        if (lookup_keys && lookup_keys.length > 10) {
          throw invalidRequest({
            message: 'Array lookup_keys exceeded maximum 10 allowed elements.',
            param: 'lookup_keys',
          });
        }
        const filter = {
          active,
          created,
          currency,
          lookup_key: lookup_keys,
          product,
          type,
          'recurring.interval': recurring?.interval,
          'recurring.usage_type': recurring?.usage_type,
        };
        return ctx.store.page('price', { url: '/v1/prices', filter, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/prices/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('price', id),
    }),
    route({
      method: 'POST',
      path: '/v1/prices/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const price = ctx.store.get('price', id);
        const { active, nickname, tax_behavior, lookup_key } = params;
        if (lookup_key) takeLookupKey(ctx, lookup_key, { transfer: params.transfer_lookup_key ?? false, by: id });
        const patch: Partial<Stripe.Price> = {
          ...(active === undefined ? {} : { active }),
          ...(nickname === undefined ? {} : { nickname }),
          ...(tax_behavior === undefined ? {} : { tax_behavior }),
          ...(lookup_key === undefined ? {} : { lookup_key }),
          metadata: mergeMetadata(price.metadata, params.metadata),
        };
        return change(ctx, price, patch, 'price.updated');
      },
    }),
  ],
});

function createPrice(ctx: Context, params: z.output<typeof CreateParams>): Stripe.Price {
  if ((params.product === undefined) === (params.product_data === undefined)) {
    throw invalidRequest({
      code: params.product ? 'parameters_exclusive' : 'parameter_missing',
      message: 'You must specify exactly one of the following parameters: product, product_data.',
      param: 'product',
    });
  }
  const product = params.product_data
    ? createProduct(ctx, params.product_data)
    : ctx.store.get('product', params.product!, 'product');
  if (params.lookup_key) takeLookupKey(ctx, params.lookup_key, { transfer: params.transfer_lookup_key ?? false });
  const price = ctx.store.insert<Stripe.Price>({
    id: newId('price'),
    object: 'price',
    active: params.active ?? true,
    billing_scheme: 'per_unit',
    created: ctx.clock.seconds(),
    currency: params.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: params.lookup_key ?? null,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
    product: product.id,
    recurring: params.recurring
      ? {
          interval: params.recurring.interval,
          interval_count: params.recurring.interval_count ?? 1,
          meter: null,
          trial_period_days: null,
          usage_type: 'licensed',
        }
      : null,
    tax_behavior: params.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: params.recurring ? 'recurring' : 'one_time',
    unit_amount: params.unit_amount,
    unit_amount_decimal: Stripe.Decimal.from(params.unit_amount),
  });
  emit(ctx, 'price.created', price);
  return price;
}

/** A lookup key belongs to one price: it moves only if the caller requests it. */
function takeLookupKey(ctx: Context, key: string, { transfer, by }: { transfer: boolean; by?: string }): void {
  const holder = ctx.store.all('price', { lookup_key: key })[0];
  if (!holder || holder.id === by) return;
  if (!transfer) {
    throw invalidRequest({
      message: `A price (\`${holder.id}\`) already uses that lookup key.`,
      param: 'lookup_key',
    });
  }
  change(ctx, holder, { lookup_key: null }, 'price.updated');
}
