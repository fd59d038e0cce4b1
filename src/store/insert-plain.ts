import type { Model } from 'mongoose';

/**
 * Inserts a record as it is. Its type has already been checked, and for rows written by every request a mongoose
 * document would cost more than the write itself. Undefined fields are omitted.
 */
export async function insertPlain<Row>(model: Model<Row>, row: Row): Promise<void> {
  await model.collection.insertOne(row as never, { ignoreUndefined: true });
}
