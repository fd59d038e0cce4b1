import { type Connection, Schema } from 'mongoose';
import { batched } from './batched.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { Licence } from './licence.ts';
import { licenceTerms } from './licence-terms.ts';
import { indexOutbox, outboxField } from './outbox.ts';
import { seatLedger } from './seat-ledger.ts';

const anything = { type: Schema.Types.Mixed, required: true };

export function licenceStore(connection: Connection) {
  const schema = new Schema<Licence>(
    {
      _id: { type: String, required: true },
      product: { type: String, required: true },
      plan: { type: String, required: true },
      kind: { type: String, required: true },
      externalRef: { type: String, required: true, index: true },
      account: { type: String, default: null },
      idempotencyKey: { type: String, required: true, unique: true },
      requestHash: { type: String, required: true },
      keyHash: { type: String, required: true, unique: true },
      keyLast4: { type: String, required: true },
      keyGeneration: { type: Number, required: true },
      sealedKey: { type: Schema.Types.Mixed, default: null },
      keyRotatedBy: { type: [String], default: [] },
      standing: anything,
      suspended: { type: Schema.Types.Mixed, default: null },
      revokedAt: { type: Date, default: null },
      revokedReason: { type: String, default: null },
      entitlementsRevision: { type: Number, required: true },
      planRev: { type: Number, required: true },
      planDataRevision: { type: Number, required: true },
      addOns: anything,
      limits: anything,
      features: anything,
      seatLimits: anything,
      seats: anything,
      perpetual: { type: Schema.Types.Mixed, default: null },
      seatChange: { type: Schema.Types.Mixed, default: null },
      seatChangesDone: { type: [String], default: [] },
      endRecorded: String,
      updatesEnd: { type: String, default: null },
      updatesEndRecorded: { type: String, default: null },
      outbox: outboxField,
      clusterId: { type: String, default: null },
      changedAt: { type: Schema.Types.Mixed, default: null },
      createdAt: { type: Date, required: true },
    },
    { collection: 'licences', versionKey: false, minimize: false },
  );
  schema.index({ product: 1, plan: 1 });
  schema.index({ account: 1, _id: 1 });
  schema.index({ endRecorded: 1, 'standing.endsAt': 1 });
  schema.index({ updatesEndRecorded: 1, updatesEnd: 1 });
  indexOutbox(schema);
  const model = connection.model<Licence>('Licence', schema);
  const find = batched<Licence>(
    (ids) =>
      model
        .find({ _id: { $in: ids } })
        .lean<Licence[]>()
        .exec(),
    ({ _id }) => _id,
  );

  return {
    model,
    find,
    byKeyHash: batched<Licence>(
      (hashes) =>
        model
          .find({ keyHash: { $in: hashes } })
          .lean<Licence[]>()
          .exec(),
      ({ keyHash }) => keyHash,
    ),
    byIdempotencyKey: (idempotencyKey: string) => model.findOne({ idempotencyKey }).lean<Licence>().exec(),
    byExternalRef: (externalRef: string) =>
      model.find({ externalRef }).sort({ createdAt: 1 }).limit(100).lean<Licence[]>().exec(),

    /** A page of the licences that are not revoked, by id. */
    page: (after: string, limit: number) =>
      model
        .find({ _id: { $gt: after }, revokedAt: null })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Licence[]>()
        .exec(),

    /** A page of the account's licences, revoked ones included, by id. */
    ofAccount: (account: string, after: string, limit: number) =>
      model
        .find({ account, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Licence[]>()
        .exec(),

    /**
     * Changes the licence if it still matches the filter; null if it no longer does. Returns the licence before the
     * change.
     */
    change: (id: string, still: Record<string, unknown>, update: Record<string, unknown>): Promise<Licence | null> =>
      model
        .findOneAndUpdate({ _id: id, ...still }, update, { returnDocument: 'before' })
        .lean<Licence>()
        .exec(),

    /** False if the idempotency key was used before. */
    async insert(licence: Licence): Promise<boolean> {
      try {
        await model.create(licence);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    ...licenceTerms(model),
    ...seatLedger(model),
  };
}
