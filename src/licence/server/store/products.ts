import { type Connection, Schema } from 'mongoose';
import type { ProductData } from '../../protocol/admin.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** A product that licences are sold for; its code is the audience of every verdict. */
export interface Product extends ProductData, WithOutbox {
  _id: string;
}

export function productStore(connection: Connection) {
  const schema = new Schema<Product>(
    { _id: { type: String, required: true }, name: { type: String, required: true }, outbox: outboxField },
    { collection: 'products', versionKey: false },
  );
  indexOutbox(schema);
  const model = connection.model<Product>('Product', schema);
  const find = (code: string): Promise<Product | null> => model.findById(code).lean<Product>().exec();
  return {
    model,
    /** Returns the audit entry of the change, computed from the product as it was; null if nothing changed. */
    async put({ _id, name }: Product, noteOf: (before: Product | null) => AuditNote): Promise<AuditNote | null> {
      for (;;) {
        const held = await find(_id);
        if (held?.name === name) return null;
        const note = noteOf(held);
        if (held !== null) {
          const renamed = await model.updateOne({ _id, name: held.name }, { $set: { name }, ...pushToOutbox(note) });
          if (renamed.modifiedCount === 1) return note;
          continue;
        }
        try {
          await model.create({ _id, name, outbox: [note] });
          return note;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
      }
    },
    all: (): Promise<Product[]> => model.find().sort({ _id: 1 }).limit(1000).lean<Product[]>().exec(),
    find,
  };
}
