import type { HeldStanding, Licence } from '../store/licence.ts';
import type { OutboxEvent } from '../store/outbox.ts';
import { licenceStatus } from './licence-status.ts';

type EventType = Extract<OutboxEvent['type'], `license.${string}`>;

/**
 * The events of a new standing, and which event about its end counts as sent from then on. The same push to the same
 * licence yields the same events, so a repeated one adds none.
 */
export function standingEvents(
  held: Licence,
  standing: HeldStanding,
  at: Date,
): { event: OutboxEvent[]; endRecorded: Licence['endRecorded'] } {
  const before = licenceStatus(held, at.getTime());
  const after = licenceStatus({ ...held, standing }, at.getTime());
  const iso = (date: Date | null) => date?.toISOString() ?? null;
  const details = {
    before,
    status: after,
    standing: standing.standing,
    paidUntil: iso(standing.paidUntil),
    endsAt: iso(standing.endsAt),
  };
  const types: EventType[] = [];
  if (before !== after) types.push(...typeOf(before, after));
  if (after === 'ACTIVE' && isLonger(held.standing.paidUntil, standing.paidUntil)) types.push('license.renewed');
  const recorded = held.endRecorded ?? null;
  const sameEnd = iso(held.standing.endsAt) === iso(standing.endsAt);
  return {
    event: types
      .filter((type) => type !== 'license.expired' || recorded !== 'ended')
      .map((type) => ({ type, key: String(standing.revision), at, details })),
    endRecorded: after === 'EXPIRED' ? 'ended' : sameEnd && before !== 'EXPIRED' ? recorded : null,
  };
}

function typeOf(before: Status, after: Status): EventType[] {
  switch (after) {
    case 'PENDING':
      return [];
    case 'ACTIVE':
      return [before === 'PENDING' ? 'license.activated' : 'license.reinstated'];
    case 'SUSPENDED':
      return ['license.suspended'];
    case 'EXPIRED':
      return ['license.expired'];
    case 'REVOKED':
      return ['license.revoked'];
  }
}

type Status = ReturnType<typeof licenceStatus>;

function isLonger(before: Date | null, after: Date | null): boolean {
  return before !== null && after !== null && after.getTime() > before.getTime();
}
