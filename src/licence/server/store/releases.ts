import { type Connection, Schema } from 'mongoose';
import type { ReleaseData } from '../../protocol/admin.ts';

/** A version of a product with its date (UTC day): the registry, never the client, says when a version came out. */
export interface Release extends ReleaseData {
  /** `<product>/<version>` */
  _id: string;
  product: string;
  version: string;
}

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
    async put(product: string, version: string, data: ReleaseData): Promise<void> {
      const release = { product, version, ...data };
      await model.updateOne({ _id: `${product}/${version}` }, { $set: release }, { upsert: true });
    },
    /** Oldest first. */
    of: (product: string): Promise<Release[]> =>
      model.find({ product }).sort({ releasedOn: 1 }).limit(1000).lean<Release[]>().exec(),
  };
}
