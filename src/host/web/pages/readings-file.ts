import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import type { Host } from '../../host.ts';
import { show } from '../../state.ts';
import type { Device } from '../../store/devices.ts';
import type { ReadingPlace } from '../../store/readings.ts';

/** How many readings are read from the database at once. */
const readAtOnce = 500;

type Cell = string | number | boolean | undefined;

function* rowsOf({ store }: Host, { id }: Device, names: readonly string[]): Generator<Cell[]> {
  let before: ReadingPlace | undefined;
  do {
    const { readings, next } = store.readings.page(id, { before, limit: readAtOnce });
    for (const reading of readings) {
      const { at, receivedAt, values } = show.reading(reading);
      const own = new Map(Object.entries(values));
      yield [at, receivedAt, ...names.map((name) => own.get(name))];
    }
    before = next ?? undefined;
  } while (before);
}

/**
 * Sends all readings of a device as CSV, newest first: a column per value that it has ever sent. Texts that a
 * spreadsheet would take for a formula begin with an apostrophe.
 */
export async function sendReadingsFile(host: Host, res: Response, device: Device): Promise<void> {
  const names = host.store.readings.valueNames(device.id);
  res.type('csv').setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Disposition', `attachment; filename="${device.id}.csv"`);
  const csv = stringify({
    header: true,
    columns: ['at', 'receivedAt', ...names],
    escape_formulas: true,
    cast: { boolean: String },
  });
  await pipeline(Readable.from(rowsOf(host, device, names)), csv, res);
}
