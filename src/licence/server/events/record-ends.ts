import { now, nowDate } from '../../../runtime/clock.ts';
import type { ServerContext } from '../context.ts';
import { licenceStatus } from '../licences/licence-status.ts';
import { utcDay } from '../perpetual/fallback.ts';
import type { Licence } from '../store/licence.ts';
import type { OutboxEvent } from '../store/outbox.ts';

/**
 * Records that the end of a licence, or of the updates of a perpetual one, is near, and that a licence has ended; each
 * once per end date, whichever process sees it first. A licence that ends before the first was recorded gets only the
 * second.
 */
export async function recordEnds(context: ServerContext): Promise<number> {
  const { licences } = context.db;
  let recorded = 0;
  for (const licence of await licences.endingBefore(nowDate(), true)) {
    if (await licences.recordEnd(licence, 'ended', endEvent(licence, 'license.expired'))) recorded += 1;
  }
  const soon = new Date(now() + context.settings.expiringSoonMs);
  for (const licence of await licences.endingBefore(soon, false)) {
    if (await licences.recordEnd(licence, 'soon', endEvent(licence, 'license.expiring-soon'))) recorded += 1;
  }
  // The last day is inclusive, so on that day the end is near too.
  const days = { from: utcDay(now()), to: utcDay(soon.getTime()) };
  for (const licence of await licences.updatesEnding(days)) {
    if (await licences.recordUpdatesEnd(licence, updatesEndEvent(licence))) recorded += 1;
  }
  return recorded;
}

/** Null if the licence is suspended or unpaid: then it is not the end of its updates that matters. */
function updatesEndEvent(licence: Licence): OutboxEvent | null {
  const at = nowDate();
  if (licenceStatus(licence, at.getTime()) !== 'ACTIVE') return null;
  const { updatesEnd, plan } = licence;
  return {
    type: 'license.expiring-soon',
    key: `updates-${updatesEnd}`,
    at,
    details: { updatesUntil: updatesEnd, plan },
  };
}

/** Null if nobody needs to know: the licence is suspended, not paid yet, or was ended otherwise. */
function endEvent(licence: Licence, type: 'license.expiring-soon' | 'license.expired'): OutboxEvent | null {
  const endsAt = licence.standing.endsAt as Date;
  const at = nowDate();
  const fits = type === 'license.expired' ? 'EXPIRED' : 'ACTIVE';
  if (licenceStatus(licence, at.getTime()) !== fits) return null;
  const details = { endsAt: endsAt.toISOString(), plan: licence.plan };
  return { type, key: endsAt.toISOString(), at, details };
}
