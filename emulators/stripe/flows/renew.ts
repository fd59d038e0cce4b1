import type { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { change, emit } from '../kernel/events.ts';
import { schedule } from '../kernel/timers.ts';
import { collect } from './collect.ts';
import { defaultMethod, defaultPayment, finalizeInvoice } from './invoice-lifecycle.ts';
import { nextPeriodEnd } from './period.ts';
import { draftPeriod } from './period-invoice.ts';
import { renewal, scheduleRenewal } from './subscription-state.ts';

/** Kind of the timer that opens the draft of a renewal and collects it. */
const finalization = 'invoice.finalization';

/** How long a renewal stays a draft, in seconds. */
const draftSeconds = 3600;
const renewed: readonly Stripe.Subscription.Status[] = ['active', 'past_due'];

/**
 * The next period begins: the items move on at once, and the invoice is drafted. One that sends its invoices does not
 * renew here.
 */
function renew(ctx: Context, id: string): void {
  const subscription = ctx.store.get('subscription', id);
  if (!renewed.includes(subscription.status) || subscription.cancel_at_period_end) return;
  const at = ctx.clock.seconds();
  const due = ctx.store
    .all('subscription_item', { subscription: id })
    .filter(({ current_period_end }) => current_period_end <= at)
    .map((item) => {
      const start = item.current_period_end;
      const end = nextPeriodEnd(subscription.billing_cycle_anchor, start, item.price.recurring!);
      const moved = { ...item, current_period_start: start, current_period_end: end };
      ctx.store.save(moved);
      return moved;
    });
  if (due.length > 0) {
    const customer = ctx.store.get('customer', subscription.customer as string);
    const draft = draftPeriod(ctx, {
      ...{ subscription, customer, items: due, reason: 'subscription_cycle', autoAdvance: true },
    });
    change(ctx, subscription, { latest_invoice: draft.id }, 'customer.subscription.updated');
    emit(ctx, 'invoice.created', draft);
    schedule(ctx, { kind: finalization, object: draft.id, at: at + draftSeconds });
  }
  scheduleRenewal(ctx, id);
}

/** Opens the draft and takes the money from the saved card; a refusal leaves it open and the subscription `past_due`. */
function advance(ctx: Context, id: string): void {
  const draft = ctx.store.find('invoice', id);
  if (draft?.status !== 'draft' || !draft.auto_advance) return;
  const invoice = finalizeInvoice(ctx, draft);
  if (invoice.status !== 'open') return;
  const methodId = defaultMethod(ctx, invoice);
  const intentId = defaultPayment(ctx, invoice)!.payment.payment_intent as string;
  if (methodId === null) {
    emit(ctx, 'invoice.payment_failed', change(ctx, invoice, { attempted: true }));
  } else {
    const method = ctx.store.get('payment_method', methodId);
    const { intent } = collect(ctx, ctx.store.get('payment_intent', intentId), {
      ...{ method, offSession: true, challenge: false },
    });
    if (intent.status === 'succeeded') return;
  }
  const subscription = ctx.store.get('subscription', invoice.parent?.subscription_details?.subscription as string);
  if (subscription.status === 'active') {
    change(ctx, subscription, { status: 'past_due' }, 'customer.subscription.updated');
  }
}

/** What goes off when subscriptions renew. */
export const renewalTimers = { [renewal]: renew, [finalization]: advance };
