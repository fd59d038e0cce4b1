import type { Stripe } from 'stripe';
import { z } from 'zod';
import { voidInvoice } from '../flows/invoice-lifecycle.ts';
import { renewalTimers } from '../flows/renew.ts';
import { CreateParams, createSubscription, paymentSettings } from '../flows/subscribe.ts';
import { endSubscription, expireIncomplete, incompleteExpiry, periodEndCancel } from '../flows/subscription-state.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { change } from '../kernel/events.ts';
import {
  boolean,
  clearable,
  expand,
  mergeMetadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { schedule, unschedule } from '../kernel/timers.ts';
import { renderItem } from './subscription-items.ts';

const cancellationDetails = z.strictObject({
  comment: clearable(text()).optional(),
  feedback: clearable(
    z.enum([
      'customer_service',
      'low_quality',
      'missing_features',
      'other',
      'switched_service',
      'too_complex',
      'too_expensive',
      'unused',
    ]),
  ).optional(),
});
const status = z.enum([
  'active',
  'all',
  'canceled',
  'ended',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
]);

const UpdateParams = paramsOf<Stripe.SubscriptionUpdateParams>()(
  z.strictObject({
    cancel_at_period_end: boolean.optional(),
    cancellation_details: cancellationDetails.optional(),
    default_payment_method: text().optional(),
    description: clearable(text(500)).optional(),
    expand: expand.optional(),
    metadata: metadataChange.optional(),
    payment_settings: paymentSettings.optional(),
  }),
);
const CancelParams = paramsOf<Stripe.SubscriptionCancelParams>()(
  z.strictObject({
    cancellation_details: cancellationDetails.optional(),
    expand: expand.optional(),
    invoice_now: z
      .literal('false')
      .transform(() => false as const)
      .optional(),
    prorate: z
      .literal('false')
      .transform(() => false as const)
      .optional(),
  }),
);
const ListParams = paramsOf<Stripe.SubscriptionListParams>()(
  z.strictObject({
    ...pagination,
    collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
    created: timeFilter.optional(),
    customer: text().optional(),
    status: status.optional(),
  }),
);

const ended = ['canceled', 'incomplete_expired'];
const alive = ['active', 'incomplete', 'past_due', 'paused', 'trialing', 'unpaid'];

/** Subscriptions: `/v1/subscriptions`. Items are fixed at creation; a declined renewal is not tried again by itself. */
export const subscriptions = resource<'subscription'>({
  object: 'subscription',
  expandable: ['customer', 'default_payment_method', 'latest_invoice', 'pending_setup_intent'],
  render: (ctx, subscription) => {
    const filter = { subscription: subscription.id };
    const url = `/v1/subscription_items?subscription=${subscription.id}`;
    const items = ctx.store.page('subscription_item', { url, filter, cursor: { limit: 20 }, oldestFirst: true });
    return { ...subscription, items: { ...items, data: items.data.map((item) => renderItem(ctx, item)) } };
  },
  routes: [
    route({ method: 'POST', path: '/v1/subscriptions', params: CreateParams, handle: createSubscription }),
    route({
      method: 'GET',
      path: '/v1/subscriptions',
      params: ListParams,
      handle: (ctx, { collection_method, created, customer, status: wanted, ...cursor }) => {
        const statuses =
          wanted === undefined
            ? [...alive, 'incomplete_expired']
            : wanted === 'all'
              ? undefined
              : wanted === 'ended'
                ? ended
                : wanted;
        const filter = { collection_method, created, customer, status: statuses };
        return ctx.store.page('subscription', { url: '/v1/subscriptions', filter, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/subscriptions/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('subscription', id),
    }),
    route({ method: 'POST', path: '/v1/subscriptions/:id', params: UpdateParams, handle: updateSubscription }),
    route({ method: 'DELETE', path: '/v1/subscriptions/:id', params: CancelParams, handle: cancelSubscription }),
  ],
  timers: {
    ...renewalTimers,
    [incompleteExpiry]: (ctx, id) => {
      const subscription = ctx.store.get('subscription', id);
      if (subscription.status === 'incomplete') abandonIncomplete(ctx, subscription);
    },
    [periodEndCancel]: (ctx, id) => {
      const subscription = ctx.store.get('subscription', id);
      if (subscription.cancel_at_period_end && !ended.includes(subscription.status)) endSubscription(ctx, subscription);
    },
  },
});

function updateSubscription(
  ctx: Context,
  params: z.output<typeof UpdateParams>,
  { id }: { id: string },
): Stripe.Subscription {
  const subscription = ctx.store.get('subscription', id);
  const asked = Object.keys(params).filter((name) => name !== 'expand' && name !== 'metadata');
  if (ended.includes(subscription.status) && asked.some((name) => name !== 'cancellation_details')) {
    throw invalidRequest({
      code: 'invalid_canceled_subscription_fields',
      message: 'A canceled subscription can only update its cancellation_details and metadata.',
    });
  }
  const { default_payment_method: method } = params;
  if (method) ctx.store.get('payment_method', method, 'default_payment_method');
  const patch: Partial<Stripe.Subscription> = {
    metadata: mergeMetadata(subscription.metadata, params.metadata),
    ...(params.description === undefined ? {} : { description: params.description || null }),
    ...(method === undefined ? {} : { default_payment_method: method }),
    ...(params.cancel_at_period_end === undefined
      ? {}
      : cancelAtPeriodEnd(ctx, subscription, params.cancel_at_period_end)),
    ...(params.cancellation_details
      ? { cancellation_details: detailsOf(subscription, params.cancellation_details) }
      : {}),
    ...(params.payment_settings
      ? {
          payment_settings: {
            ...subscription.payment_settings!,
            ...params.payment_settings,
            payment_method_types: params.payment_settings.payment_method_types || null,
          },
        }
      : {}),
  };
  return change(ctx, subscription, patch, 'customer.subscription.updated');
}

function cancelAtPeriodEnd(
  ctx: Context,
  subscription: Stripe.Subscription,
  wanted: boolean,
): Partial<Stripe.Subscription> {
  const timer = { kind: periodEndCancel, object: subscription.id };
  if (!wanted) {
    unschedule(ctx, timer);
    return { cancel_at_period_end: false, cancel_at: null, canceled_at: null };
  }
  const ends = ctx.store
    .all('subscription_item', { subscription: subscription.id })
    .map((item) => item.current_period_end);
  const at = Math.max(...ends);
  schedule(ctx, { ...timer, at });
  return {
    cancel_at_period_end: true,
    cancel_at: at,
    canceled_at: ctx.clock.seconds(),
    cancellation_details: { ...detailsOf(subscription, {}), reason: 'cancellation_requested' },
  };
}

/**
 * Cancels it now. Open invoices stay payable but Stripe no longer collects them; that of an incomplete one is voided.
 */
function cancelSubscription(
  ctx: Context,
  params: z.output<typeof CancelParams>,
  { id }: { id: string },
): Stripe.Subscription {
  const subscription = ctx.store.get('subscription', id);
  if (ended.includes(subscription.status)) throw noSuch('subscription', id);
  const details = {
    ...detailsOf(subscription, params.cancellation_details ?? {}),
    reason: 'cancellation_requested' as const,
  };
  const asked = change(ctx, subscription, { cancellation_details: details, canceled_at: ctx.clock.seconds() });
  if (asked.status === 'incomplete') return abandonIncomplete(ctx, asked);
  const open = ctx.store.all('invoice', { 'parent.subscription_details.subscription': id, status: ['draft', 'open'] });
  for (const invoice of open) change(ctx, invoice, { auto_advance: false });
  return endSubscription(ctx, asked);
}

/** An incomplete subscription and its first invoice end together. */
function abandonIncomplete(ctx: Context, subscription: Stripe.Subscription): Stripe.Subscription {
  const invoice = ctx.store.get('invoice', subscription.latest_invoice as string);
  if (invoice.status === 'open') voidInvoice(ctx, invoice);
  return expireIncomplete(ctx, ctx.store.get('subscription', subscription.id));
}

function detailsOf(
  subscription: Stripe.Subscription,
  given: z.output<typeof cancellationDetails>,
): Stripe.Subscription.CancellationDetails {
  const before = subscription.cancellation_details;
  return {
    comment: given.comment === undefined ? (before?.comment ?? null) : given.comment || null,
    feedback: given.feedback === undefined ? (before?.feedback ?? null) : given.feedback || null,
    feedback_option: null,
    reason: before?.reason ?? null,
  };
}
