import { type Connection, Schema } from 'mongoose';
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
    async of(subject: string): Promise<AuditEntry[]> {
      return model.find({ subject }).sort({ _id: 1 }).lean<AuditEntry[]>();
    },
    async newest(subject: string, limit: number): Promise<AuditEntry[]> {
      return model.find({ subject }).sort({ _id: -1 }).limit(limit).lean<AuditEntry[]>();
    },
  };
}
