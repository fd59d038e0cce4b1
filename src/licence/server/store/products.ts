import { type Connection, Schema } from 'mongoose';
import type { ProductData } from '../../protocol/admin.ts';

/** A product that licences are sold for; its code is the audience of every verdict. */
export interface Product extends ProductData {
  _id: string;
}

export function productStore(connection: Connection) {
  const model = connection.model<Product>(
    'Product',
    new Schema<Product>(
      { _id: { type: String, required: true }, name: { type: String, required: true } },
      { collection: 'products', versionKey: false },
    ),
  );
  return {
    model,
    /** Answers the product as it was before, or null. */
    put: (product: Product): Promise<Product | null> =>
      model
        .findOneAndUpdate(
          { _id: product._id },
          { $set: { name: product.name } },
          { upsert: true, returnDocument: 'before' },
        )
        .lean<Product>()
        .exec(),
    all: (): Promise<Product[]> => model.find().sort({ _id: 1 }).limit(1000).lean<Product[]>().exec(),
    find: (code: string): Promise<Product | null> => model.findById(code).lean<Product>().exec(),
  };
}
