import { type Model, Schema } from 'mongoose';
import type { LicenceEventType } from '../../protocol/events.ts';

/**
 * Something to tell, written by the very update that made it true: it stands in the document that changed, so neither
 * can be there without the other, whenever a process dies. The relay moves it to the events.
 */
export interface News {
  type: LicenceEventType;
  /** Tells it from other news of this type about this document; the same news always has the same key. */
  key: string;
  at: Date;
  details: Record<string, unknown>;
}

/** What a document with an outbox has beside its own fields. */
export interface WithOutbox {
  /** Absent where nothing was ever told. */
  outbox?: News[];
}

export const outboxField = { type: Schema.Types.Mixed };

/** Add-on to the `$push` of an update. */
export function newsPush(news: readonly News[]): { outbox?: { $each: readonly News[] } } {
  return news.length === 0 ? {} : { outbox: { $each: news } };
}

/** Add-on to an update that has no `$push` of its own. */
export function telling(...news: (News | null)[]): { $push?: { outbox: { $each: News[] } } } {
  const each = news.filter((one) => one !== null);
  return each.length === 0 ? {} : { $push: { outbox: { $each: each } } };
}

/** Documents of one collection that have something to tell. */
export function outboxOf<T extends WithOutbox & { _id: string }>(model: Model<T>) {
  return {
    /** Oldest writings come in no order: who receives news must not need one. */
    full: (limit: number): Promise<T[]> =>
      model
        .find({ 'outbox.at': { $gt: new Date(0) } } as object)
        .limit(limit)
        .lean<T[]>()
        .exec(),
    async take(id: string, news: News): Promise<void> {
      await model.updateOne({ _id: id } as object, { $pull: { outbox: { type: news.type, key: news.key } } } as object);
    },
  };
}

export function indexOutbox<T>(schema: Schema<T>): void {
  schema.index({ 'outbox.at': 1 });
}
