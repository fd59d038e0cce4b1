import type { Stripe } from 'stripe';
import { apiVersion, type Context } from './context.ts';
import { newId } from './ids.ts';
import { render } from './render.ts';
import type { Stored } from './store.ts';

/** Records the event and queues its webhooks, in the transaction of the change. */
export function emit(ctx: Context, type: string, body: Stored, previous?: Record<string, unknown>): void {
  const event = {
    id: newId('evt'),
    object: 'event',
    api_version: apiVersion,
    created: ctx.clock.seconds(),
    data: { object: render(ctx, body), ...(previous ? { previous_attributes: previous } : {}) },
    livemode: false,
    pending_webhooks: 0,
    request: ctx.request,
    type,
  } as unknown as Stripe.EventBase;
  ctx.store.insert(event);
  const endpoints = ctx.store
    .all('webhook_endpoint', { status: 'enabled' })
    .filter((endpoint) => endpoint.enabled_events.some((enabled) => enabled === '*' || enabled === type));
  for (const endpoint of endpoints) ctx.deliveries.queue(event.id, endpoint.id);
}

/**
 * Stores the object with the changed fields and, if `event` is given, emits it. An event that ends in `.updated`
 * carries the previous values of the fields.
 */
export function change<Body extends Stored>(ctx: Context, body: Body, patch: Partial<Body>, event?: string): Body {
  const changed = { ...body, ...patch };
  ctx.store.save(changed);
  if (event) {
    const previous = Object.fromEntries(
      Object.keys(patch)
        .filter((key) => JSON.stringify(body[key as keyof Body]) !== JSON.stringify(changed[key as keyof Body]))
        .map((key) => [key, body[key as keyof Body] ?? null]),
    );
    emit(ctx, event, changed, event.endsWith('.updated') ? previous : undefined);
  }
  return changed;
}
