import { now } from '../../../contracts/clock.ts';
import type { ServerContext } from '../context.ts';

/** Forgets events and ended deliveries that are older than they are to be kept. */
export async function forgetOldEvents(context: ServerContext): Promise<number> {
  const before = new Date(now() - context.settings.eventsKeepMs);
  return (await context.db.deliveries.forgetBefore(before)) + (await context.db.events.forgetBefore(before));
}
