import { newSigningKey, type SigningKey } from './keys-file.ts';

const day = 86_400_000;

/** The longest validity of anything signed: grace periods and offline files are at most 366 days. */
const longestLifeMs = 366 * day;
/** Nodes fetch the published keys once a day. */
const fetchedWithinMs = day;
/** How long a process may still sign with a key that another process has retired. */
const pickedUpWithinMs = day;

/**
 * Until when a key is published; null = for ever. A retired key stays until everything it may have signed has expired,
 * whatever the grace periods were then. One that was retired by hand, without a date, stays for good.
 */
export function publishedUntil({ state, retiredAt }: SigningKey): Date | null {
  if (state !== 'retired' || retiredAt === undefined) return null;
  return new Date(Date.parse(retiredAt) + longestLifeMs + pickedUpWithinMs);
}

/**
 * From when on the next key may sign: published for the longest grace period of any plan and the day within which nodes
 * fetch keys, so that a node that was offline knows it.
 */
export function ripeAt(next: SigningKey, longestGraceMs: number): Date {
  return new Date(Date.parse(next.publishedAt) + longestGraceMs + fetchedWithinMs);
}

/** The keys after a roll: next signs, a new next is published, current is retired or, if compromised, dropped. */
export function rolled(keys: readonly SigningKey[], roll: NonNullable<SigningKey['roll']>): SigningKey[] {
  return [newSigningKey('next', new Date(roll.at)), ...keys.flatMap((key) => turned(key, roll))];
}

function turned(key: SigningKey, roll: NonNullable<SigningKey['roll']>): SigningKey[] {
  switch (key.state) {
    case 'next':
      return [{ ...key, state: 'current', roll }];
    case 'current': {
      const { roll: _, ...retired } = key;
      return roll.compromised ? [] : [{ ...retired, state: 'retired', retiredAt: roll.at }];
    }
    case 'retired':
      return (publishedUntil(key) ?? new Date(roll.at)) < new Date(roll.at) ? [] : [key];
  }
}
