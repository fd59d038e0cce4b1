import { type Connection, Schema } from 'mongoose';
import type { ReleaseData } from '../../protocol/admin.ts';

/** A version of a product with its date (UTC day): the registry, never the client, says when a version came out. */
export interface Release extends ReleaseData {
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
    },
    { collection: 'releases', versionKey: false },
  );
  schema.index({ product: 1, releasedOn: 1 });
  const model = connection.model<Release>('Release', schema);
  return {
    model,
    /** Answers the release as it was registered before, or null. */
    put: (product: string, version: string, data: ReleaseData): Promise<Release | null> =>
      model
        .findOneAndUpdate(
          { _id: releaseId(product, version) },
          { $set: { product, version, ...data } },
          { upsert: true, returnDocument: 'before' },
        )
        .lean<Release>()
        .exec(),
    /** Those of the versions that are registered. */
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
