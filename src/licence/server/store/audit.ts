import { type Connection, Schema } from 'mongoose';

/** Who changed what, when and in which request. Entries are appended and read, never changed or removed. */
export interface AuditRecord {
  at: Date;
  /** `control-plane`, `key-holder`, `enrolment`, `activation:<id>` or `sweeper`. */
  actor: string;
  action: string;
  licenceId: string | null;
  activationId: string | null;
  requestId: string;
  before: unknown;
  after: unknown;
}

const anything = { type: Schema.Types.Mixed, default: null };

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
    async append(record: AuditRecord): Promise<void> {
      await model.create(record);
    },
    /** Oldest first. */
    of: (licenceId: string): Promise<AuditRecord[]> =>
      model.find({ licenceId }).sort({ _id: 1 }).limit(1000).lean<AuditRecord[]>().exec(),
    model,
  };
}
