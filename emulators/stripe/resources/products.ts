import type { Stripe } from 'stripe';
import { z } from 'zod';
import { type Context, resource, route } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import {
  boolean,
  clearable,
  expand,
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

const CreateParams = paramsOf<Stripe.ProductCreateParams>()(
  z.strictObject({
    name: text(250),
    active: boolean.optional(),
    description: text().optional(),
    expand: expand.optional(),
    id: text(200).optional(),
    metadata: metadata.optional(),
    statement_descriptor: text(22).optional(),
    tax_code: text().optional(),
    unit_label: text(12).optional(),
    url: text().optional(),
  }),
);
const UpdateParams = paramsOf<Stripe.ProductUpdateParams>()(
  z.strictObject({
    active: boolean.optional(),
    default_price: text().optional(),
    description: clearable(text()).optional(),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
    name: text(250).optional(),
    unit_label: clearable(text(12)).optional(),
    url: clearable(text()).optional(),
  }),
);
const ListParams = paramsOf<Stripe.ProductListParams>()(
  z.strictObject({
    ...pagination,
    active: boolean.optional(),
    created: timeFilter.optional(),
    ids: list(text()).optional(),
    url: text().optional(),
  }),
);

/** Products: `/v1/products`. */
export const products = resource<'product'>({
  object: 'product',
  expandable: ['default_price'],
  routes: [
    route({
      method: 'POST',
      path: '/v1/products',
      params: CreateParams,
      handle: (ctx, params) => createProduct(ctx, params),
    }),
    route({
      method: 'GET',
      path: '/v1/products',
      params: ListParams,
      handle: (ctx, { active, created, ids, url, ...cursor }) =>
        ctx.store.page('product', { url: '/v1/products', filter: { active, created, id: ids, url }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/products/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('product', id),
    }),
    route({
      method: 'POST',
      path: '/v1/products/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const product = ctx.store.get('product', id);
        if (params.default_price) ctx.store.get('price', params.default_price, 'default_price');
        const { active, default_price, name, description, unit_label, url } = params;
        const patch: Partial<Stripe.Product> = {
          ...(active === undefined ? {} : { active }),
          ...(default_price === undefined ? {} : { default_price }),
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description: description || null }),
          ...(unit_label === undefined ? {} : { unit_label: unit_label || null }),
          ...(url === undefined ? {} : { url: url || null }),
          metadata: mergeMetadata(product.metadata, params.metadata),
          updated: ctx.clock.seconds(),
        };
        return change(ctx, product, patch, 'product.updated');
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/products/:id',
      params: z.strictObject({}),
      handle: (ctx, _params, { id }) => {
        const product = ctx.store.get('product', id);
        if (ctx.store.all('price', { product: id }).length > 0) {
          throw invalidRequest({
            message: 'This product cannot be deleted because it has one or more user-created prices.',
          });
        }
        ctx.store.remove(id);
        emit(ctx, 'product.deleted', product);
        return { id, object: 'product', deleted: true };
      },
    }),
  ],
});

/** A new product; the caller may choose an unused id. */
export function createProduct(
  ctx: Context,
  given: Pick<z.output<typeof CreateParams>, 'name' | 'active' | 'description' | 'id' | 'metadata' | 'unit_label'> & {
    statement_descriptor?: string;
    tax_code?: string;
    url?: string;
  },
): Stripe.Product {
  if (given.id && (ctx.store.find('product', given.id) || ctx.store.wasDeleted('product', given.id))) {
    throw invalidRequest({
      code: 'resource_already_exists',
      message: `Product already exists with id: ${given.id}`,
      param: 'id',
    });
  }
  const created = ctx.clock.seconds();
  const product = ctx.store.insert<Stripe.Product>({
    id: given.id ?? newId('prod'),
    object: 'product',
    active: given.active ?? true,
    created,
    default_price: null,
    description: given.description ?? null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: mergeMetadata({}, given.metadata),
    name: given.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: given.statement_descriptor ?? null,
    tax_code: given.tax_code ?? null,
    tax_details: null,
    type: 'service',
    unit_label: given.unit_label ?? null,
    updated: created,
    url: given.url ?? null,
  });
  emit(ctx, 'product.created', product);
  return product;
}
