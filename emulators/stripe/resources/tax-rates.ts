import type { Stripe } from 'stripe';
import { z } from 'zod';
import { type Context, resource, route } from '../kernel/context.ts';
import { change, emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import {
  boolean,
  decimal,
  expand,
  mergeMetadata,
  metadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';

const taxType = z.enum(['gst', 'hst', 'igst', 'jct', 'pst', 'qst', 'rst', 'sales_tax', 'vat']);
const country = z.string().regex(/^[A-Z]{2}$/);

const described = {
  active: boolean.optional(),
  country: country.optional(),
  description: text().optional(),
  expand: expand.optional(),
  jurisdiction: text(50).optional(),
  state: text().optional(),
  tax_type: taxType.optional(),
};

const CreateParams = paramsOf<Stripe.TaxRateCreateParams>()(
  z.strictObject({
    ...described,
    display_name: text(50),
    inclusive: boolean,
    percentage: decimal.refine((percentage) => percentage <= 100),
    metadata: metadata.optional(),
  }),
);
const UpdateParams = paramsOf<Stripe.TaxRateUpdateParams>()(
  z.strictObject({ ...described, display_name: text(50).optional(), metadata: metadataChange.optional() }),
);
const ListParams = paramsOf<Stripe.TaxRateListParams>()(
  z.strictObject({
    ...pagination,
    active: boolean.optional(),
    created: timeFilter.optional(),
    inclusive: boolean.optional(),
  }),
);

/** Tax rates: `/v1/tax_rates`. A rate never changes its percentage. */
export const taxRates = resource<'tax_rate'>({
  object: 'tax_rate',
  routes: [
    route({
      method: 'POST',
      path: '/v1/tax_rates',
      params: CreateParams,
      handle: (ctx, params) => {
        const rate = ctx.store.insert<Stripe.TaxRate>({
          id: newId('txr'),
          object: 'tax_rate',
          active: params.active ?? true,
          country: params.country ?? null,
          created: ctx.clock.seconds(),
          description: params.description ?? null,
          display_name: params.display_name,
          effective_percentage: null,
          flat_amount: null,
          inclusive: params.inclusive,
          jurisdiction: params.jurisdiction ?? null,
          jurisdiction_level: null,
          livemode: false,
          metadata: mergeMetadata({}, params.metadata),
          percentage: params.percentage,
          rate_type: 'percentage',
          state: params.state ?? null,
          tax_type: params.tax_type ?? null,
        });
        emit(ctx, 'tax_rate.created', rate);
        return rate;
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tax_rates',
      params: ListParams,
      handle: (ctx, { active, created, inclusive, ...cursor }) =>
        ctx.store.page('tax_rate', { url: '/v1/tax_rates', filter: { active, created, inclusive }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/tax_rates/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('tax_rate', id),
    }),
    route({
      method: 'POST',
      path: '/v1/tax_rates/:id',
      params: UpdateParams,
      handle: (ctx, { expand: _expand, metadata: given, ...plain }, { id }) => {
        const rate = ctx.store.get('tax_rate', id);
        const patch = { ...plain, metadata: mergeMetadata(rate.metadata, given) };
        return change(ctx, rate, patch, 'tax_rate.updated');
      },
    }),
  ],
});

/** The tax rates with these ids; `param` names the parameter that contained them. */
export function ratesOf(ctx: Context, ids: '' | string[] | undefined, param: string): Stripe.TaxRate[] {
  return (ids || []).map((id, place) => ctx.store.get('tax_rate', id, `${param}[${place}]`));
}
