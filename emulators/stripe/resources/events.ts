import type { Stripe } from 'stripe';
import { z } from 'zod';
import { resource, route } from '../kernel/context.ts';
import { boolean, list, onlyExpand, pagination, paramsOf, text, timeFilter } from '../kernel/params.ts';

const ListParams = paramsOf<Stripe.EventListParams>()(
  z.strictObject({
    ...pagination,
    created: timeFilter.optional(),
    delivery_success: boolean.optional(),
    type: text().optional(),
    types: list(text()).optional(),
  }),
);

const keptSeconds = 30 * 24 * 3600;

/** Events: `/v1/events`, the last 30 days. */
export const events = resource<'event'>({
  object: 'event',
  render: (ctx, event) => ({ ...event, pending_webhooks: ctx.deliveries.pending(event.id) }),
  routes: [
    route({
      method: 'GET',
      path: '/v1/events',
      params: ListParams,
      handle: (ctx, { created, delivery_success, type, types, ...cursor }) => {
        const exact = typeof created === 'number' ? { gte: created, lte: created } : created;
        const oldest = ctx.clock.seconds() - keptSeconds;
        const filter = {
          created: { ...exact, gte: Math.max(exact?.gte ?? 0, oldest) },
          type: type ?? types,
          id: delivery_success === undefined ? undefined : ctx.deliveries.events({ delivered: delivery_success }),
        };
        return ctx.store.page('event', { url: '/v1/events', filter, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/events/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('event', id),
    }),
  ],
});
