import { type Connection, Schema } from 'mongoose';
import { type AuditNote, indexOutbox, type OutboxItem, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** A node waiting for a licence. Neither its token nor the key it gets is stored. */
export interface Claim extends WithOutbox {
  /** Peppered hash of the token. */
  _id: string;
  userCode: string;
  clusterId: string;
  product: string;
  status: 'pending' | 'approved' | 'refused' | 'superseded' | 'completed';
  createdAt: Date;
  expiresAt: Date;
  licenceId: string | null;
  account: string | null;
  approvedBy: string | null;
}

const after = { returnDocument: 'after' } as const;
const open = { $in: ['pending', 'approved'] as Claim['status'][] };

export function claimStore(connection: Connection) {
  const schema = new Schema<Claim>(
    {
      _id: { type: String, required: true },
      userCode: { type: String, required: true, unique: true },
      clusterId: { type: String, required: true },
      product: { type: String, required: true },
      status: { type: String, required: true },
      createdAt: { type: Date, required: true },
      expiresAt: { type: Date, required: true },
      licenceId: { type: String, default: null },
      account: { type: String, default: null },
      approvedBy: { type: String, default: null },
      outbox: outboxField,
    },
    { collection: 'claims', versionKey: false },
  );
  schema.index({ clusterId: 1, product: 1, status: 1 });
  schema.index({ expiresAt: 1 });
  indexOutbox(schema);
  const model = connection.model<Claim>('Claim', schema);

  return {
    model,
    find: (id: string) => model.findById(id).lean<Claim>().exec(),
    /** One that can still be decided or fetched. */
    openByCode: (userCode: string, now: Date) =>
      model
        .findOne({ userCode, status: open, expiresAt: { $gt: now } })
        .lean<Claim>()
        .exec(),
    async insert(claim: Claim): Promise<void> {
      await model.create(claim);
    },
    /** Ends older ones of the same cluster and product, except approved ones: starting a claim proves nothing. */
    async supersede({ _id, clusterId, product, createdAt }: Claim): Promise<void> {
      const others = {
        clusterId,
        product,
        status: 'pending' as const,
        _id: { $ne: _id },
        createdAt: { $lte: createdAt },
      };
      await model.updateMany(others, { $set: { status: 'superseded' } });
    },
    decide: (
      claim: Claim,
      to: Pick<Claim, 'status' | 'licenceId' | 'account' | 'approvedBy'>,
      note: AuditNote,
      now: Date,
    ): Promise<Claim | null> =>
      model
        .findOneAndUpdate(
          { _id: claim._id, status: 'pending', expiresAt: { $gt: now } },
          { $set: to, ...pushToOutbox(note) },
          after,
        )
        .lean<Claim>()
        .exec(),
    /** The one update that releases a key: null if another poll was first. */
    complete: (claim: Claim, items: OutboxItem[], now: Date): Promise<Claim | null> =>
      model
        .findOneAndUpdate(
          { _id: claim._id, status: 'approved', expiresAt: { $gt: now } },
          { $set: { status: 'completed' }, ...pushToOutbox(...items) },
          after,
        )
        .lean<Claim>()
        .exec(),
    async forgetBefore(before: Date): Promise<number> {
      const filter = { expiresAt: { $lt: before }, 'outbox.at': { $not: { $gt: new Date(0) } } };
      return (await model.deleteMany(filter)).deletedCount;
    },
  };
}
