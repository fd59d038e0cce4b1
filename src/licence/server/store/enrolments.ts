import { type Connection, Schema } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.ts';

/** The right of one node to activate once without a licence key. The token itself is derived, never stored. */
export interface Enrolment {
  /** Peppered hash of the token: one per licence, node name and generation. */
  _id: string;
  licenceId: string;
  nodeName: string;
  generation: number;
  issuedAt: Date;
  /** Absolute limit, or earlier: some time after `up` has ended. */
  redeemableUntil: Date;
  /** Set at ready and in the undo; final. */
  closedAt: Date | null;
  /** Chosen id of the node that redeemed it; nobody else can. */
  redeemedBy: string | null;
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
    },
    { collection: 'enrolments', versionKey: false },
  );
  schema.index({ licenceId: 1, nodeName: 1, generation: 1 }, { unique: true });
  schema.index({ licenceId: 1, closedAt: 1 });
  const model = connection.model<Enrolment>('Enrolment', schema);
  const find = (id: string) => model.findById(id).lean<Enrolment>().exec();
  const some = (licenceId: string, nodeName: string | undefined) =>
    nodeName === undefined ? { licenceId } : { licenceId, nodeName };

  return {
    model,
    find,
    /** Opens it; once more while it is not closed means that `up` runs again, so its limit is the absolute one again. */
    async open(enrolment: Enrolment, maxMs: number): Promise<Enrolment> {
      try {
        await model.create(enrolment);
        return enrolment;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const held = (await find(enrolment._id)) as Enrolment;
      const redeemableUntil = new Date(held.issuedAt.getTime() + maxMs);
      const reopened = await model
        .findOneAndUpdate({ _id: held._id, closedAt: null }, { $set: { redeemableUntil } }, after)
        .lean<Enrolment>();
      return reopened ?? held;
    },
    /** Shortens the time in which open enrolments can be redeemed; never lengthens it. */
    async shorten(licenceId: string, nodeName: string | undefined, redeemableUntil: Date): Promise<number> {
      const filter = { ...some(licenceId, nodeName), closedAt: null, redeemableUntil: { $gt: redeemableUntil } };
      return (await model.updateMany(filter, { $set: { redeemableUntil } })).modifiedCount;
    },
    async close(licenceId: string, nodeName: string | undefined, closedAt: Date, belowGeneration?: number) {
      const older = belowGeneration === undefined ? {} : { generation: { $lt: belowGeneration } };
      const filter = { ...some(licenceId, nodeName), ...older, closedAt: null };
      return (await model.updateMany(filter, { $set: { closedAt } })).modifiedCount;
    },
    /** Binds an open enrolment to the node that redeems it; null when it is not open or bound to another. */
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
