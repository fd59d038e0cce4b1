import { type Connection, Schema } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** The right of one node to activate once without a licence key. The token itself is derived, never stored. */
export interface Enrolment extends WithOutbox {
  /** Peppered hash of the token: one per licence, node name and generation. */
  _id: string;
  licenceId: string;
  nodeName: string;
  generation: number;
  issuedAt: Date;
  /** The absolute limit, or earlier: some time after `up` has ended. */
  redeemableUntil: Date;
  /** Set at ready and in the undo; final. */
  closedAt: Date | null;
  /** Chosen id of the node that redeemed it; no other can. */
  redeemedBy: string | null;
}

/** The enrolments of a licence, or those of one of its nodes. */
interface OfNode {
  licenceId: string;
  nodeName?: string | undefined;
}

const after = { returnDocument: 'after' } as const;

export function enrolmentStore(connection: Connection) {
  const schema = new Schema<Enrolment>(
    {
      _id: { type: String, required: true },
      licenceId: { type: String, required: true },
      nodeName: { type: String, required: true },
      generation: { type: Number, required: true },
      issuedAt: { type: Date, required: true },
      redeemableUntil: { type: Date, required: true },
      closedAt: { type: Date, default: null },
      redeemedBy: { type: String, default: null },
      outbox: outboxField,
    },
    { collection: 'enrolments', versionKey: false },
  );
  schema.index({ licenceId: 1, nodeName: 1, generation: 1 }, { unique: true });
  schema.index({ licenceId: 1, closedAt: 1 });
  indexOutbox(schema);
  const model = connection.model<Enrolment>('Enrolment', schema);
  const find = (id: string) => model.findById(id).lean<Enrolment>().exec();
  const some = ({ licenceId, nodeName }: OfNode) => (nodeName === undefined ? { licenceId } : { licenceId, nodeName });

  return {
    model,
    find,
    /**
     * Opens it. Opening it again while it is not closed means that `up` runs again, so the absolute limit applies
     * again.
     */
    async open(enrolment: Enrolment, maxMs: number, note: AuditNote): Promise<Enrolment> {
      try {
        await model.create({ ...enrolment, outbox: [note] });
        return enrolment;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const held = (await find(enrolment._id)) as Enrolment;
      const redeemableUntil = new Date(held.issuedAt.getTime() + maxMs);
      const reopened = await model
        .findOneAndUpdate(
          { _id: held._id, closedAt: null },
          { $set: { redeemableUntil }, ...pushToOutbox(note) },
          after,
        )
        .lean<Enrolment>();
      return reopened ?? held;
    },
    /**
     * Shortens the time in which open enrolments can be redeemed; never extends it. The same note in all of them is one
     * entry.
     */
    async shorten(of: OfNode, redeemableUntil: Date, note: AuditNote): Promise<number> {
      const filter = { ...some(of), closedAt: null, redeemableUntil: { $gt: redeemableUntil } };
      return (await model.updateMany(filter, { $set: { redeemableUntil }, ...pushToOutbox(note) })).modifiedCount;
    },
    async close(of: OfNode & { belowGeneration?: number }, closedAt: Date, note: AuditNote | null = null) {
      const { belowGeneration } = of;
      const older = belowGeneration === undefined ? {} : { generation: { $lt: belowGeneration } };
      const filter = { ...some(of), ...older, closedAt: null };
      return (await model.updateMany(filter, { $set: { closedAt }, ...pushToOutbox(note) })).modifiedCount;
    },
    /** Binds an open enrolment to the node that redeems it; null if it is not open or bound to another. */
    redeem: (id: string, chosenId: string, now: Date): Promise<Enrolment | null> =>
      model
        .findOneAndUpdate(
          { _id: id, closedAt: null, redeemableUntil: { $gte: now }, redeemedBy: { $in: [null, chosenId] } },
          { $set: { redeemedBy: chosenId } },
          after,
        )
        .lean<Enrolment>()
        .exec(),
  };
}
