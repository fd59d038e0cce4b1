import { Stripe } from 'stripe';
import { z } from 'zod';
import { type Context, resource, route } from '../kernel/context.ts';
import { onlyExpand, pagination, paramsOf, text } from '../kernel/params.ts';

const ListParams = paramsOf<Stripe.SubscriptionItemListParams>()(
  z.strictObject({ ...pagination, subscription: text() }),
);

/** Subscription items: `/v1/subscription_items`, read only; subscriptions create them. */
export const subscriptionItems = resource<'subscription_item'>({
  object: 'subscription_item',
  render: renderItem,
  routes: [
    route({
      method: 'GET',
      path: '/v1/subscription_items',
      params: ListParams,
      handle: (ctx, { subscription, ...cursor }) => {
        ctx.store.get('subscription', subscription, 'subscription');
        const url = '/v1/subscription_items';
        return ctx.store.page('subscription_item', { url, filter: { subscription }, cursor, oldestFirst: true });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/subscription_items/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('subscription_item', id),
    }),
  ],
});

/** The item with its current price. */
export function renderItem(ctx: Context, item: Stripe.SubscriptionItem): Stripe.SubscriptionItem {
  const price = ctx.store.get('price', item.price.id);
  return { ...item, price, plan: planOf(price) };
}

/** The older name of a recurring price, which items still carry. */
export function planOf(price: Stripe.Price): Stripe.Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: Stripe.Decimal.from(price.unit_amount ?? 0),
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring!.interval,
    interval_count: price.recurring!.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product as string,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: price.recurring!.usage_type,
  };
}
