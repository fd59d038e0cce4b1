import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { licenceStatus } from '../../src/licence/server/licences/licence-status.ts';
import {
  judgeVersion,
  newestAllowed,
  type RegisteredRelease,
  renewalPrice,
  renewedWindow,
  updatesUntil,
  utcDay,
  type VersionRight,
} from '../../src/licence/server/perpetual/fallback.ts';

const byDate: VersionRight = { updatesUntil: '2026-03-01', wholeLine: false, unknownReleases: 'deny' };
const byLine: VersionRight = { ...byDate, wholeLine: true };
const later = '2026-12-31';

const releases: RegisteredRelease[] = Object.entries({
  '1.9.0': '2025-01-10',
  '1.10.0': '2025-06-30',
  '1.10.1': '2026-03-01',
  '1.10.2': '2026-03-02',
  '1.11.0': '2026-03-02',
  '1.11.1': '2026-05-01',
  '1.12.0-rc.1': '2026-02-01',
  '1.12.0': '2026-04-01',
  '1.9.9': '2026-02-28',
  '1.9.10-rc.1': '2026-06-01',
}).map(([version, releasedOn]) => ({ version, releasedOn }));

const codeOf = (version: string | null, right: VersionRight, mode: 'production' | 'development' = 'production') =>
  judgeVersion({ version, mode }, right, releases, later)?.code ?? 'allowed';

describe('which releases may run', () => {
  test.each([
    ['1.9.0', 'allowed', 'allowed', 'long before'],
    ['1.10.1', 'allowed', 'allowed', 'L53: on the last day'],
    ['1.10.2', 'UNSUPPORTED_SOFTWARE_VERSION', 'allowed', 'L53, L55: one day later, of a line that began inside'],
    ['1.11.0', 'UNSUPPORTED_SOFTWARE_VERSION', 'UNSUPPORTED_SOFTWARE_VERSION', 'L55: the next line, one day later'],
    ['1.11.1', 'UNSUPPORTED_SOFTWARE_VERSION', 'UNSUPPORTED_SOFTWARE_VERSION', 'a bug fix of it'],
    ['1.12.0-rc.1', 'allowed', 'allowed', 'a pre-release inside'],
    ['1.12.0', 'UNSUPPORTED_SOFTWARE_VERSION', 'UNSUPPORTED_SOFTWARE_VERSION', 'whose line only a pre-release opened'],
    ['1.9.10-rc.1', 'UNSUPPORTED_SOFTWARE_VERSION', 'allowed', 'a late pre-release of a line that began inside'],
    ['1.10.1+deb2', 'allowed', 'allowed', 'a build of a registered version'],
    ['1.10.2+deb2', 'UNSUPPORTED_SOFTWARE_VERSION', 'allowed', 'a build of a later one'],
    ['1.10.9', 'UNKNOWN_RELEASE', 'UNKNOWN_RELEASE', 'not registered, though its line is covered'],
    ['nightly', 'UNKNOWN_RELEASE', 'UNKNOWN_RELEASE', 'not a version at all'],
    ['', 'UNKNOWN_RELEASE', 'UNKNOWN_RELEASE', 'an empty text'],
    [null, 'UNKNOWN_RELEASE', 'UNKNOWN_RELEASE', 'a node that does not say'],
  ])('%s: %s by date, %s by line: %s', (version, date, line, _why) => {
    expect([codeOf(version, byDate), codeOf(version, byLine)]).toEqual([date, line]);
  });

  test('versions that are not registered run on development nodes only, and only where the terms say so', () => {
    const lenient: VersionRight = { ...byDate, unknownReleases: 'allow-dev' };
    expect(codeOf('2.0.0-dev', lenient, 'development')).toBe('allowed');
    expect(codeOf('2.0.0-dev', lenient, 'production')).toBe('UNKNOWN_RELEASE');
    expect(codeOf('2.0.0-dev', byDate, 'development')).toBe('UNKNOWN_RELEASE');
    expect(codeOf('1.11.0', lenient, 'development')).toBe('UNSUPPORTED_SOFTWARE_VERSION');
  });

  test('the refusal names the dates and the newest version that may run', () => {
    const node = { version: '1.11.0', mode: 'production' as const };
    expect(judgeVersion(node, byDate, releases, later)?.detail).toBe(
      'Version 1.11.0 was released on 2026-03-02, updates end on 2026-03-01. ' +
        'The newest version that this licence may run is 1.10.1.',
    );
    expect(judgeVersion(node, byLine, releases, later)?.detail).toContain('may run is 1.10.2.');
    expect(judgeVersion({ ...node, version: 'secret' }, byDate, releases, later)?.detail).toBe(
      'The version of this node is not a registered release. The newest version that this licence may run is 1.10.1.',
    );
    expect(judgeVersion(node, { ...byDate, updatesUntil: '2024-01-01' }, releases, later)?.detail).toContain(
      'No release is covered by this licence yet.',
    );
  });

  test('the newest is the highest number that is out, not the latest date, and no pre-release', () => {
    expect(newestAllowed(byDate, releases, later)).toBe('1.10.1');
    expect(newestAllowed(byDate, releases, '2026-02-28')).toBe('1.10.0');
    expect(newestAllowed(byLine, releases, '2026-03-01')).toBe('1.10.1');
    expect(newestAllowed(byLine, releases, '2026-03-02')).toBe('1.10.2');
    expect(newestAllowed({ ...byDate, updatesUntil: '2027-01-01' }, releases, later)).toBe('1.12.0');
    expect(newestAllowed(byDate, [], later)).toBeNull();
  });

  test('a product may count otherwise than in three numbers', () => {
    const calendar = [
      { version: '2024.1', releasedOn: '2025-01-01' },
      { version: '2024.1.7.4', releasedOn: '2026-04-01' },
      { version: '2025.1', releasedOn: '2026-04-01' },
      { version: 'stable', releasedOn: '2026-01-01' },
    ];
    expect(newestAllowed(byDate, calendar, later)).toBe('2024.1');
    expect(newestAllowed(byLine, calendar, later)).toBe('2024.1.7.4');
    const stable = { version: 'stable', mode: 'production' as const };
    expect(judgeVersion(stable, byDate, calendar, later)).toBeNull();
  });

  test('another release never takes away what was covered, a longer window neither', () => {
    const number = fc.integer({ min: 0, max: 3 });
    const day = fc.integer({ min: 0, max: 60 }).map((days) => utcDay(Date.UTC(2026, 1, 1 + days)));
    const release = fc.record({
      version: fc.tuple(number, number, number).map((parts) => parts.join('.')),
      releasedOn: day,
    });
    const registry = fc.uniqueArray(release, { selector: ({ version }) => version, minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(registry, day, day, fc.boolean(), (all, first, second, wholeLine) => {
        const node = { version: (all[0] as RegisteredRelease).version, mode: 'production' as const };
        const [short, long] = [first, second].sort() as [string, string];
        const judge = (until: string, known: RegisteredRelease[]) =>
          judgeVersion(node, { ...byDate, updatesUntil: until, wholeLine }, known, later) === null;
        if (judge(short, all.slice(0, 1))) expect(judge(short, all)).toBe(true);
        if (judge(short, all)) expect(judge(long, all)).toBe(true);
      }),
    );
  });
});

describe('the window of updates', () => {
  test.each([
    ['2025-03-01', 1, '2026-03-01'],
    ['2024-02-29', 1, '2025-02-28'],
    ['2024-02-29', 4, '2028-02-29'],
    ['2023-02-28', 1, '2024-02-28'],
    ['2025-01-31', 1, '2026-01-31'],
    ['2025-12-31', 10, '2035-12-31'],
    ['2096-02-29', 4, '2100-02-28'],
  ])('%s and %s years: until %s', (from, years, until) => {
    expect(updatesUntil({ from, years })).toBe(until);
  });

  test('a day is a day in UTC, wherever the moment was written down', () => {
    expect(utcDay(Date.parse('2026-03-01T23:59:59.999Z'))).toBe('2026-03-01');
    expect(utcDay(Date.parse('2026-03-02T00:00:00.000Z'))).toBe('2026-03-02');
    expect(utcDay(Date.parse('2026-03-02T01:59:59.999+02:00'))).toBe('2026-03-01');
    expect(utcDay(Date.parse('2026-03-01T16:00:00.000-08:00'))).toBe('2026-03-02');
  });

  const ended = { from: '2025-03-01', years: 1 };
  test.each([
    ['FROM_EXPIRY', '2025-10-10T12:00:00Z', 1, '2027-03-01', 'in time'],
    ['FROM_EXPIRY', '2026-03-02T00:00:00Z', 1, '2027-03-01', 'one moment late'],
    ['FROM_EXPIRY', '2029-06-15T12:00:00Z', 1, '2027-03-01', 'years late: the gap is paid first'],
    ['FROM_EXPIRY', '2029-06-15T12:00:00Z', 4, '2030-03-01', 'years late, with the gap paid'],
    ['FROM_NOW_IF_EXPIRED', '2025-10-10T12:00:00Z', 1, '2027-03-01', 'in time: nothing is lost'],
    ['FROM_NOW_IF_EXPIRED', '2026-03-01T23:59:59.999Z', 1, '2027-03-01', 'in the last moment of the last day'],
    ['FROM_NOW_IF_EXPIRED', '2026-03-02T00:00:00.000Z', 1, '2027-03-02', 'one moment late'],
    ['FROM_NOW_IF_EXPIRED', '2028-02-29T12:00:00Z', 1, '2029-02-28', 'late, on a leap day'],
    ['FROM_NOW_IF_EXPIRED', '2027-08-31T12:00:00Z', 2, '2029-08-31', 'late, at the end of a month'],
  ] as const)('L57: %s at %s, %s years: until %s (%s)', (basis, at, years, until, _why) => {
    const day = utcDay(Date.parse(at));
    expect(updatesUntil(renewedWindow(ended, { basis, years, day }))).toBe(until);
  });

  test('L57: renewed year by year, a window from 29 February is back on it in every leap year', () => {
    let window = { from: '2024-02-29', years: 1 };
    const ends = [2025, 2026, 2027, 2028].map(() => {
      const until = updatesUntil(window);
      window = renewedWindow(window, { basis: 'FROM_EXPIRY', years: 1, day: until });
      return until;
    });
    expect(ends).toEqual(['2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']);
  });

  test.each([
    [100_000, 1, 40_000],
    [100_000, 3, 120_000],
    [9_999, 1, 4_000],
    [9_998, 2, 7_998],
    [1, 1, 0],
    [0, 5, 0],
  ])('a renewal of a licence of %s costs 40 %% a year: %s years for %s', (licencePrice, years, price) => {
    expect(renewalPrice(licencePrice, { basisPoints: 4_000, years })).toBe(price);
  });
});

test('a perpetual licence outlives its payments: only what was given back or is withheld stops it', () => {
  const status = (standing: Parameters<typeof licenceStatus>[0]['standing']['standing'], more = {}) =>
    licenceStatus(
      { kind: 'perpetual', standing: { standing, paidUntil: null, endsAt: null, ...more }, revokedAt: null },
      1000,
    );
  expect(status('current', { endsAt: new Date(0), paidUntil: new Date(0) })).toBe('ACTIVE');
  expect([status('terminated'), status('past_due')]).toEqual(['ACTIVE', 'ACTIVE']);
  expect([status('pending'), status('suspended'), status('refunded')]).toEqual(['PENDING', 'SUSPENDED', 'REVOKED']);
});
