import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  dailySnapshotDays,
  dayOf,
  finalSnapshotOf,
  isOverdue,
  judgeFinals,
  lastDayOf,
  type SnapshotFacts,
  volumesWithoutDaily,
} from '../../../src/domain/fleet/snapshots.ts';

const at = Date.parse('2026-11-28T23:59:59Z');
const day = 86_400_000;
const volume = { id: 'vol-1' };

function snapshot(change: Partial<SnapshotFacts> = {}): SnapshotFacts {
  return {
    ...{ id: 'snap-1', purpose: 'final', volumeId: 'vol-1', keepUntil: '2026-12-28', createdAt: at, state: 'complete' },
    ...change,
  };
}

describe('how long a snapshot stays', () => {
  test('it is kept for so many days, the last one to its end in UTC', () => {
    expect(lastDayOf(at, 30)).toBe('2026-12-28');
    expect(isOverdue({ keepUntil: '2026-12-28' }, Date.parse('2026-12-28T23:59:59.999Z'))).toBe(false);
    expect(isOverdue({ keepUntil: '2026-12-28' }, Date.parse('2026-12-29T00:00:00Z'))).toBe(true);
  });

  test('never less than its days, and not a day more', () => {
    const times = fc.integer({ min: 0, max: Date.parse('2100-01-01') });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 400 }), (made, days) => {
        const keepUntil = lastDayOf(made, days);
        expect(isOverdue({ keepUntil }, made + days * day)).toBe(false);
        expect(isOverdue({ keepUntil }, made + (days + 1) * day)).toBe(true);
      }),
    );
  });

  test('what was once ready leaves one, what never was leaves nothing', () => {
    expect(finalSnapshotOf({ readyAt: new Date(0) }, { at, days: 30 })).toEqual({ keepUntil: '2026-12-28' });
    expect(finalSnapshotOf({}, { at, days: 30 })).toBeNull();
  });
});

describe('where final snapshots are', () => {
  const nothing = { make: [], pending: [], failed: [] };

  test('a volume has one, is getting one, or needs one', () => {
    expect(judgeFinals([volume], [])).toEqual({ ...nothing, make: [volume] });
    expect(judgeFinals([volume], [snapshot({ state: 'pending' })])).toEqual({ ...nothing, pending: [volume] });
    expect(judgeFinals([volume], [snapshot()])).toEqual(nothing);
  });

  test('one that failed counts only where there is no better one', () => {
    const failed = snapshot({ id: 'snap-2', state: 'failed' });
    expect(judgeFinals([volume], [failed])).toEqual({ ...nothing, failed: [failed] });
    expect(judgeFinals([volume], [failed, snapshot({ state: 'pending' })])).toEqual({ ...nothing, pending: [volume] });
    expect(judgeFinals([volume], [failed, snapshot()])).toEqual(nothing);
  });

  test('those of the day and those of other volumes are no final ones; case makes no other volume', () => {
    const others = [snapshot({ purpose: 'daily' }), snapshot({ volumeId: 'vol-2' })];
    expect(judgeFinals([volume], others)).toEqual({ ...nothing, make: [volume] });
    expect(judgeFinals([volume], [snapshot({ volumeId: 'VOL-1' })])).toEqual(nothing);
  });
});

describe('daily snapshots', () => {
  const daily = (change: Partial<SnapshotFacts> = {}) => snapshot({ purpose: 'daily', ...change });

  test('each volume gets one a day, also where it has a final one', () => {
    const volumes = [volume, { id: 'vol-2' }];
    expect(volumesWithoutDaily(volumes, [snapshot()], at)).toEqual(volumes);
    expect(volumesWithoutDaily(volumes, [daily()], at)).toEqual([{ id: 'vol-2' }]);
    expect(volumesWithoutDaily([volume], [daily({ createdAt: at + 2_000 })], at)).toEqual([volume]);
    expect(volumesWithoutDaily([volume], [daily({ state: 'failed' })], at)).toEqual([volume]);
    expect(volumesWithoutDaily([volume], [daily({ state: 'pending' })], at)).toEqual([]);
  });

  test('checked several times a day for a month, a volume has 15 in the end: today and the 14 days before', () => {
    let kept: SnapshotFacts[] = [];
    const roundsPerDay = 4;
    for (let round = 0; round < 30 * roundsPerDay; round += 1) {
      const now = at + (round * day) / roundsPerDay;
      kept = kept.filter((each) => !isOverdue(each, now));
      for (const { id } of volumesWithoutDaily([volume], kept, now)) {
        kept.push(daily({ id: `${id} ${round}`, createdAt: now, keepUntil: lastDayOf(now, dailySnapshotDays) }));
      }
    }
    expect(kept).toHaveLength(dailySnapshotDays + 1);
    expect(new Set(kept.map(({ createdAt }) => dayOf(createdAt))).size).toBe(kept.length);
  });
});
