import { now } from '../../../runtime/clock.ts';
import type { ServerContext } from '../context.ts';

/** Deletes endpoints that were removed long ago, and with them the memory of their idempotency keys. */
export async function forgetRemovedWebhooks(context: ServerContext): Promise<number> {
  const removed = await context.db.webhooks.removedBefore(new Date(now() - context.settings.eventsKeepMs));
  for (const id of removed) {
    await context.db.deliveries.removeOf(id);
    await context.db.webhooks.forget(id);
  }
  return removed.length;
}

/** Deletes events and ended deliveries that are past their retention. */
export async function forgetOldEvents(context: ServerContext): Promise<number> {
  const before = new Date(now() - context.settings.eventsKeepMs);
  return (await context.db.deliveries.forgetBefore(before)) + (await context.db.events.forgetBefore(before));
}
