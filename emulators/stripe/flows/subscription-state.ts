import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { change } from '../kernel/events.ts';
import { schedule, unschedule } from '../kernel/timers.ts';

/** Kinds of timers that end subscriptions. */
export const incompleteExpiry = 'subscription.incomplete_expiry';
export const periodEndCancel = 'subscription.period_end_cancel';
/** Kind of the timer that begins the next period. */
export const renewal = 'subscription.renewal';

const incompleteSeconds = 23 * 3600;

/** Starts the 23 hours in which the first invoice must be paid. */
export function startIncomplete(ctx: Context, subscription: Stripe.Subscription): void {
  schedule(ctx, { kind: incompleteExpiry, object: subscription.id, at: subscription.created + incompleteSeconds });
}

/** Lets the next period begin when the first of those that run now is over. */
export function scheduleRenewal(ctx: Context, id: string): void {
  const ends = ctx.store.all('subscription_item', { subscription: id }).map((item) => item.current_period_end);
  schedule(ctx, { kind: renewal, object: id, at: Math.min(...ends) });
}

/**
 * The newest invoice is paid: `incomplete` and `past_due` become `active`. With the first one, `method` becomes the
 * default where the order asked so, and the periods begin to renew.
 */
export function activate(ctx: Context, subscription: Stripe.Subscription, method: string | null): Stripe.Subscription {
  if (subscription.status === 'past_due') {
    return change(ctx, subscription, { status: 'active' }, 'customer.subscription.updated');
  }
  if (subscription.status !== 'incomplete') return subscription;
  unschedule(ctx, { kind: incompleteExpiry, object: subscription.id });
  scheduleRenewal(ctx, subscription.id);
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
  unschedule(ctx, { kind: renewal, object: subscription.id });
  const patch: Partial<Stripe.Subscription> = {
    status: 'canceled',
    canceled_at: subscription.canceled_at ?? ctx.clock.seconds(),
    ended_at: ctx.clock.seconds(),
    cancel_at_period_end: false,
  };
  return change(ctx, subscription, patch, 'customer.subscription.deleted');
}
