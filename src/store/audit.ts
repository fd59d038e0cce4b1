import { createHash } from 'node:crypto';
import { type Connection, Schema, Types } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.ts';
import type { AuditEntry } from './records.ts';

/** The audit log: entries are appended and read, never changed or removed. */
export function auditStore(connection: Connection) {
  const mixed = { type: Schema.Types.Mixed };
  const model = connection.model<AuditEntry>(
    'Audit',
    new Schema<AuditEntry>(
      {
        at: { type: Date, required: true },
        actor: { type: String, required: true },
        action: { type: String, required: true },
        subject: { type: String, required: true, index: true },
        before: mixed,
        after: mixed,
        requestId: String,
        why: String,
      },
      { collection: 'audit', minimize: false },
    ),
  );

  return {
    model,
    async append(entry: AuditEntry): Promise<void> {
      await model.create(entry);
    },
    /**
     * Appends an entry once, however often and by how many at the same time: the same key and time are the same entry.
     */
    async appendOnce(key: string, entry: AuditEntry): Promise<void> {
      const seconds = Math.floor(entry.at.getTime() / 1_000);
      const digest = createHash('sha256').update(key).digest('hex');
      // As every id of the log it begins with its time, by which the log is read.
      const _id = new Types.ObjectId(seconds.toString(16).padStart(8, '0') + digest.slice(0, 16));
      try {
        await model.create({ ...entry, _id });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
    async of(subject: string): Promise<AuditEntry[]> {
      return model.find({ subject }).sort({ _id: 1 }).lean<AuditEntry[]>();
    },
    async newest(subject: string, limit: number): Promise<AuditEntry[]> {
      return model.find({ subject }).sort({ _id: -1 }).limit(limit).lean<AuditEntry[]>();
    },
  };
}
