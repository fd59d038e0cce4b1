import { type Connection, Schema } from 'mongoose';
import { nowDate } from '../runtime/clock.ts';

/** A browser in which an address has signed in; the key is a keyed hash of the browser's secret and the address. */
export interface KnownBrowserRecord {
  _id: string;
  expiresAt: Date;
}

export function knownBrowserStore(connection: Connection) {
  const model = connection.model<KnownBrowserRecord>(
    'KnownBrowser',
    new Schema<KnownBrowserRecord>(
      { _id: { type: String, required: true }, expiresAt: { type: Date, required: true, expires: 0 } },
      { collection: 'known-browsers' },
    ),
  );

  return {
    model,
    /** Keeps a browser until then; a later call extends it. */
    async remember(key: string, expiresAt: Date): Promise<void> {
      await model.updateOne({ _id: key }, { $max: { expiresAt } }, { upsert: true });
    },
    async knows(key: string): Promise<boolean> {
      return (await model.exists({ _id: key, expiresAt: { $gt: nowDate() } })) !== null;
    },
  };
}
