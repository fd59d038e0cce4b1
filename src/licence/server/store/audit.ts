import { type Connection, Schema, Types } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.ts';

/** Who changed what, when and in which request. Entries are appended and read, never changed or removed. */
export interface AuditRecord {
  at: Date;
  /** `control-plane`, `operator:<name>`, `member:<id>`, `key-holder`, `enrolment`, `activation:<id>` or `sweeper`. */
  actor: string;
  action: string;
  licenceId: string | null;
  activationId: string | null;
  requestId: string;
  before: unknown;
  after: unknown;
}

const anything = { type: Schema.Types.Mixed, default: null };

/** An entry with its id, which increases with every entry of one process. */
export type HeldAuditRecord = AuditRecord & { _id: Types.ObjectId };

export function auditStore(connection: Connection) {
  const schema = new Schema<AuditRecord>(
    {
      at: { type: Date, required: true },
      actor: { type: String, required: true },
      action: { type: String, required: true },
      licenceId: { type: String, default: null },
      activationId: { type: String, default: null },
      requestId: { type: String, required: true },
      before: anything,
      after: anything,
    },
    { collection: 'audit', versionKey: false, minimize: false },
  );
  schema.index({ licenceId: 1, _id: 1 });
  const model = connection.model<AuditRecord>('Audit', schema);
  return {
    /** An entry that exists already stays as it is. */
    async append(record: HeldAuditRecord): Promise<void> {
      try {
        await model.create(record);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
    /** A page, oldest first, of one licence or of all; `after` is the id of the last entry seen, or ''. */
    page({ licenceId, after, limit }: { licenceId?: string | undefined; after: string; limit: number }) {
      const filter = {
        ...(licenceId === undefined ? {} : { licenceId }),
        ...(after === '' ? {} : { _id: { $gt: new Types.ObjectId(after) } }),
      };
      return model.find(filter).sort({ _id: 1 }).limit(limit).lean<HeldAuditRecord[]>().exec();
    },
    model,
  };
}
