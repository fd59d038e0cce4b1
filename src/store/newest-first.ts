import type { Model } from 'mongoose';

/** A page of a list that is sorted newest first. */
export interface NewestPage {
  limit: number;
  /** The last id of the previous page. */
  before?: string | undefined;
}

/** Reads one more than the page holds, which tells whether another page follows. */
export interface Newest<Row> {
  items: Row[];
  /** Where the next page begins: its `before`; null at the end. */
  next: string | null;
}

/**
 * A page of the records that match, newest first by `time`, records of the same moment by id. A `before` that is in no
 * record begins at the newest.
 */
export async function newestFirst<Row extends { _id: string }>(
  model: Model<Row>,
  { filter, time, page }: { filter: object; time: string & keyof Row; page: NewestPage },
): Promise<Newest<Row>> {
  const { limit, before } = page;
  const last = before === undefined ? null : await model.findById(before, { [time]: 1 }).lean<Row>();
  const older = last && { $or: [{ [time]: { $lt: last[time] } }, { [time]: last[time], _id: { $lt: last._id } }] };
  const rows = await model
    .find({ $and: [filter, ...(older ? [older] : [])] } as never)
    .sort({ [time]: -1, _id: -1 } as never)
    .limit(limit + 1)
    .lean<Row[]>();
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?._id ?? null) : null };
}
