import { type Connection, Schema } from 'mongoose';
import type { ReleaseData } from '../../protocol/admin.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** A version of a product with its date (UTC day): the registry, never the client, says when a version was released. */
export interface Release extends ReleaseData, WithOutbox {
  /** `<product>/<version>` */
  _id: string;
  product: string;
  version: string;
}

const releaseId = (product: string, version: string) => `${product}/${version}`;

export function releaseStore(connection: Connection) {
  const schema = new Schema<Release>(
    {
      _id: { type: String, required: true },
      product: { type: String, required: true },
      version: { type: String, required: true },
      releasedOn: { type: String, required: true },
      outbox: outboxField,
    },
    { collection: 'releases', versionKey: false },
  );
  schema.index({ product: 1, releasedOn: 1 });
  indexOutbox(schema);
  const model = connection.model<Release>('Release', schema);
  return {
    model,
    /** Returns the audit entry of the change, computed from the release as it was; null if nothing changed. */
    async put(
      release: Pick<Release, 'product' | 'version' | 'releasedOn'>,
      noteOf: (before: Release | null) => AuditNote,
    ): Promise<AuditNote | null> {
      const _id = releaseId(release.product, release.version);
      const { releasedOn } = release;
      for (;;) {
        const held = await model.findById(_id).lean<Release>();
        if (held?.releasedOn === releasedOn) return null;
        const note = noteOf(held);
        if (held !== null) {
          const still = { _id, releasedOn: held.releasedOn };
          const corrected = await model.updateOne(still, { $set: { releasedOn }, ...pushToOutbox(note) });
          if (corrected.modifiedCount === 1) return note;
          continue;
        }
        try {
          await model.create({ _id, ...release, outbox: [note] });
          return note;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
      }
    },
    /** The registered ones of the versions. */
    find: (product: string, versions: string[]): Promise<Release[]> =>
      model
        .find({ _id: { $in: versions.map((version) => releaseId(product, version)) } })
        .lean<Release[]>()
        .exec(),
    /** All of them, oldest first. */
    of: (product: string): Promise<Release[]> =>
      model.find({ product }).sort({ releasedOn: 1 }).lean<Release[]>().exec(),
  };
}
