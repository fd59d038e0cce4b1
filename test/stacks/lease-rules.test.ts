import { describe, expect, test } from '@jest/globals';
import { isLeaseLost, judgeLease, mayHolderWrite } from '../../src/stacks/runner/lease-rules.ts';
import { LeaseTimes, takeSettings } from '../../src/stacks/runner/settings.ts';

const times = LeaseTimes.parse({});
const environment = {
  PULUMI_ROOT: '/engine',
  PULUMI_BACKEND_URL: 'file:///state',
  PULUMI_HOME: '/home',
  MONGODB_URI: 'mongodb://127.0.0.1/x',
  LICENCE_SERVER_URL: 'http://127.0.0.1:1',
  LICENCE_ADMIN_TOKEN: 'a token of the tests',
  FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:1',
};

describe('the times of a lease', () => {
  test('are 60 s, renewed every 15 s, lost after 40 s, with a margin of 30 s', () => {
    expect(times).toEqual({
      FREEHOLD_LEASE_MS: 60_000,
      FREEHOLD_LEASE_RENEW_MS: 15_000,
      FREEHOLD_LEASE_LOST_MS: 40_000,
      FREEHOLD_LEASE_MARGIN_MS: 30_000,
    });
  });

  test('that could not protect anybody are refused', () => {
    expect(() => takeSettings({ ...environment })).not.toThrow();
    expect(() => takeSettings({ ...environment, FREEHOLD_LEASE_LOST_MS: '60000' })).toThrow('before it expires');
    expect(() => takeSettings({ ...environment, FREEHOLD_LEASE_RENEW_MS: '40000' })).toThrow('must be renewed');
  });

  test('a holder ends itself after 40 s without success, not before', () => {
    const lostMs = times.FREEHOLD_LEASE_LOST_MS;
    expect(isLeaseLost({ now: 41_000, renewedAt: 1_000, lostMs })).toBe(false);
    expect(isLeaseLost({ now: 41_001, renewedAt: 1_000, lostMs })).toBe(true);
  });
});

test('who only wants to know believes that a holder writes for 90 s after it renewed its lease, wherever it is', () => {
  const renewedAt = new Date('2026-01-01T00:00:00Z');
  const lease = { ...{ _id: 's', owner: 'o', epoch: 1, settled: false, host: 'h', sid: 1, startTime: '' }, renewedAt };
  const mayWrite = (ageMs: number) =>
    mayHolderWrite(
      { lease: { ...lease, holdsMs: times.FREEHOLD_LEASE_MS }, databaseNow: renewedAt.getTime() + ageMs },
      times.FREEHOLD_LEASE_MARGIN_MS,
    );
  expect([mayWrite(0), mayWrite(90_000), mayWrite(90_001)]).toEqual([true, true, false]);
});

describe('a lease that was not given back', () => {
  const renewedAt = new Date('2026-01-01T00:00:00Z');
  const judge = (ageMs: number, session: 'over' | 'alive' | 'elsewhere') =>
    judgeLease(
      { lease: { renewedAt, holdsMs: times.FREEHOLD_LEASE_MS }, databaseNow: renewedAt.getTime() + ageMs },
      { session, marginMs: times.FREEHOLD_LEASE_MARGIN_MS },
    );

  test('is free at once when its session is proven gone', () => {
    expect(judge(0, 'over')).toBe('take');
  });

  test('of a living session waits for 90 s, and then the session is killed', () => {
    expect([judge(0, 'alive'), judge(61_000, 'alive'), judge(90_000, 'alive')]).toEqual(['wait', 'wait', 'wait']);
    expect(judge(90_001, 'alive')).toBe('kill');
  });

  test('of another machine waits for 90 s', () => {
    expect([judge(0, 'elsewhere'), judge(90_000, 'elsewhere')]).toEqual(['wait', 'wait']);
    expect(judge(90_001, 'elsewhere')).toBe('take');
  });
});
