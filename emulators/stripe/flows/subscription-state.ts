import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { change } from '../kernel/events.ts';
import { schedule, unschedule } from '../kernel/timers.ts';

/** Kinds of timers that end subscriptions. */
export const incompleteExpiry = 'subscription.incomplete_expiry';
export const periodEndCancel = 'subscription.period_end_cancel';

const incompleteSeconds = 23 * 3600;

/** Starts the 23 hours in which the first invoice must be paid. */
export function startIncomplete(ctx: Context, subscription: Stripe.Subscription): void {
  schedule(ctx, { kind: incompleteExpiry, object: subscription.id, at: subscription.created + incompleteSeconds });
}

/** The first invoice is paid: `incomplete` becomes `active`; `method` becomes the default if the order requested it. */
export function activate(ctx: Context, subscription: Stripe.Subscription, method: string | null): Stripe.Subscription {
  if (subscription.status !== 'incomplete') return subscription;
  unschedule(ctx, { kind: incompleteExpiry, object: subscription.id });
  const saves = subscription.payment_settings?.save_default_payment_method === 'on_subscription' && method !== null;
  const patch: Partial<Stripe.Subscription> = {
    status: 'active',
    ...(saves ? { default_payment_method: method } : {}),
  };
  return change(ctx, subscription, patch, 'customer.subscription.updated');
}

/** The first invoice was not paid: the subscription ends without having begun. */
export function expireIncomplete(ctx: Context, subscription: Stripe.Subscription): Stripe.Subscription {
  if (subscription.status !== 'incomplete') return subscription;
  unschedule(ctx, { kind: incompleteExpiry, object: subscription.id });
  const patch = { status: 'incomplete_expired', ended_at: ctx.clock.seconds() } as const;
  return change(ctx, subscription, patch, 'customer.subscription.updated');
}

/** Ends a running subscription at once; emits `customer.subscription.deleted`. */
export function endSubscription(ctx: Context, subscription: Stripe.Subscription): Stripe.Subscription {
  unschedule(ctx, { kind: periodEndCancel, object: subscription.id });
  const patch: Partial<Stripe.Subscription> = {
    status: 'canceled',
    canceled_at: subscription.canceled_at ?? ctx.clock.seconds(),
    ended_at: ctx.clock.seconds(),
    cancel_at_period_end: false,
  };
  return change(ctx, subscription, patch, 'customer.subscription.deleted');
}
