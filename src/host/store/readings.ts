import { now } from '../../runtime/clock.ts';
import { textsOf } from '../../texts/texts.ts';
import { HostError } from '../reasons.ts';
import type { Database } from './database.ts';

/** How many readings of one device are kept; older ones are deleted. */
const readingsKept = 10_000;
/** A device is trimmed once after this many of its readings, so that a single reading rarely pays for it. */
const trimEvery = 256;

export type ReadingValue = number | string | boolean;

export interface Reading {
  /** When it was measured, ms since the epoch. */
  at: number;
  receivedAt: number;
  values: Record<string, ReadingValue>;
}

/** Place of a reading in the order of time; readings of the same time are ordered by their arrival. */
export interface ReadingPlace {
  at: number;
  id: number;
}

/** A part of a device's readings, newest first, and where the next older part begins; null at the end. */
export interface ReadingPage {
  readings: Reading[];
  next: ReadingPlace | null;
}

export interface NewReading {
  deviceId: string;
  at: number;
  values: Record<string, ReadingValue>;
}

interface Waiting {
  reading: NewReading;
  resolve: () => void;
  reject: (error: unknown) => void;
}

function readingOf(row: unknown): Reading {
  const { at, receivedAt, values } = row as { at: number; receivedAt: number; values: string };
  return { at, receivedAt, values: JSON.parse(values) };
}

/**
 * Readings in order of time. Those that arrive while the disk is busy share the next transaction, so a fleet that
 * reports at the same moment pays for one flush instead of one each.
 */
export function createReadings({ sql, durably }: Database) {
  const insert = sql.prepare('insert into readings (device_id, at, received_at, "values") values (?, ?, ?, ?)');
  const columns = 'id, at, received_at as receivedAt, "values"';
  const newest = sql.prepare(`select ${columns} from readings where device_id = ? order by at desc, id desc limit ?`);
  const older = sql.prepare(
    `select ${columns} from readings where device_id = ? and (at, id) < (?, ?) order by at desc, id desc limit ?`,
  );
  const names = sql.prepare(
    `select distinct key as name from readings, json_each("values") where device_id = ? order by name`,
  );
  const trim = sql.prepare(
    `delete from readings where device_id = :id and (at, id) <= (
       select at, id from readings where device_id = :id order by at desc, id desc limit 1 offset :kept)`,
  );
  const exists = sql.prepare('select 1 from devices where id = ?');
  const sinceTrim = new Map<string, number>();
  let waiting: Waiting[] = [];

  function flush(): void {
    const batch = waiting;
    waiting = [];
    let stored: boolean[];
    try {
      stored = durably(() => batch.map(({ reading }) => store(reading)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    batch.forEach(({ resolve, reject }, index) => {
      if (stored[index]) resolve();
      else reject(new HostError('credential_wrong', { detail: textsOf('en').host.details.deviceRemoved }));
    });
  }

  function store({ deviceId, at, values }: NewReading): boolean {
    if (exists.get(deviceId) === undefined) return false;
    insert.run(deviceId, at, now(), JSON.stringify(values));
    const untrimmed = (sinceTrim.get(deviceId) ?? 0) + 1;
    sinceTrim.set(deviceId, untrimmed % trimEvery);
    if (untrimmed === trimEvery) trim.run({ id: deviceId, kept: readingsKept });
    return true;
  }

  return {
    /** Resolves when the reading is on disk. */
    add(reading: NewReading): Promise<void> {
      return new Promise((resolve, reject) => {
        if (waiting.push({ reading, resolve, reject }) === 1) setImmediate(flush);
      });
    },
    /** The newest readings, newest first. */
    newest: (deviceId: string, limit: number) => newest.all(deviceId, limit).map(readingOf),
    /** The newest readings, or the newest of those before a place. */
    page(deviceId: string, { before, limit }: { before?: ReadingPlace | undefined; limit: number }): ReadingPage {
      // One more than asked for tells whether there is a next page.
      const rows = before ? older.all(deviceId, before.at, before.id, limit + 1) : newest.all(deviceId, limit + 1);
      const { at, id } = (rows[limit - 1] ?? {}) as Partial<ReadingPlace>;
      const next = rows.length > limit && at !== undefined && id !== undefined ? { at, id } : null;
      return { readings: rows.slice(0, limit).map(readingOf), next };
    },
    /** The names of all values that the device has sent, in order. */
    valueNames: (deviceId: string) => names.all(deviceId).map((row) => String(row.name)),
  };
}
