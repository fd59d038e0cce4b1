import { describe, expect, test } from '@jest/globals';
import { attentionOf, describeSubscription } from '../../../src/domain/billing/describe-subscription.ts';
import { msUntilNextRead } from '../../../src/domain/billing/renewal.ts';

const times = { renewalReadMs: 200, unpaidReadMs: 600 };

test.each([
  ['is paid for: after the end of its period', 5_000, 4_200],
  ['ended in this moment: soon again', 1_000, 600],
  ['ended long ago: soon again', 1, 600],
  ['was never paid: soon again', undefined, 600],
])('a subscription that %s', (_what, paidUntil, expected) => {
  const until = paidUntil === undefined ? undefined : new Date(paidUntil);
  expect(msUntilNextRead({ now: 1_000, paidUntil: until }, times)).toBe(expected);
});

describe('people look after a subscription', () => {
  test.each([
    ['active', false, undefined],
    ['past_due', false, undefined],
    ['canceled', false, 'subscription_missing'],
    ['incomplete_expired', false, 'subscription_missing'],
    ['active', true, 'subscription_left'],
    ['canceled', true, undefined],
  ] as const)('%s at Stripe, its server gone: %s', (status, gone, reason) => {
    expect(attentionOf({ status, gone })).toBe(reason);
    const subject = { kind: 'instance' as const, id: 'i0000000000000000' };
    const text = describeSubscription({ subject, status, gone, nextReadMs: 1 });
    expect(text.includes('Needs an operator')).toBe(reason !== undefined);
    expect(text).toContain(subject.id);
  });
});
