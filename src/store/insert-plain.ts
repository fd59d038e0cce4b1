import type { Model } from 'mongoose';

/**
 * Inserts a record as it is. Its type has checked it already, and for the rows of every request a mongoose document
 * would cost more than the write itself. Fields that are undefined are left out.
 */
export async function insertPlain<Row>(model: Model<Row>, row: Row): Promise<void> {
  await model.collection.insertOne(row as never, { ignoreUndefined: true });
}
