import { type Model, Schema } from 'mongoose';
import type { LicenceEventType } from '../../protocol/events.ts';
import type { HeldAuditRecord } from './audit.ts';

/**
 * An event written by the same update as the change itself: it is stored in the changed document, so neither exists
 * without the other, whenever a process dies. The relay moves it to the events.
 */
export interface OutboxEvent {
  type: LicenceEventType;
  /** Distinguishes it from other events of this type about this document; the same event always has the same key. */
  key: string;
  at: Date;
  details: Record<string, unknown>;
}

/** An entry of the audit log, written the same way: by the update that it records. */
export interface AuditNote {
  type: 'audit';
  /** The entry's id. */
  key: string;
  at: Date;
  entry: HeldAuditRecord;
}

export type OutboxItem = OutboxEvent | AuditNote;

/** The outbox fields of a document. */
export interface WithOutbox {
  /** Absent if nothing was ever recorded. */
  outbox?: OutboxItem[];
}

export const outboxField = { type: Schema.Types.Mixed };

/** Add-on to the `$push` of an update. */
export function outboxPush(items: readonly OutboxItem[]): { outbox?: { $each: readonly OutboxItem[] } } {
  return items.length === 0 ? {} : { outbox: { $each: items } };
}

/** Add-on to an update that has no `$push` of its own. */
export function pushToOutbox(...items: (OutboxItem | null)[]): { $push?: { outbox: { $each: OutboxItem[] } } } {
  const each = items.filter((one) => one !== null);
  return each.length === 0 ? {} : { $push: { outbox: { $each: each } } };
}

/** Documents of one collection with a non-empty outbox. */
export function outboxOf<T extends WithOutbox & { _id: string }>(model: Model<T>) {
  return {
    /** Unordered: receivers of events must not depend on their order. */
    full: (limit: number, leftOut: readonly string[]): Promise<T[]> =>
      model
        .find({ 'outbox.at': { $gt: new Date(0) }, _id: { $nin: leftOut } } as object)
        .limit(limit)
        .lean<T[]>()
        .exec(),
    async take(id: string, { type, key }: OutboxItem): Promise<void> {
      await model.updateOne({ _id: id } as object, { $pull: { outbox: { type, key } } } as object);
    },
  };
}

export function indexOutbox<T>(schema: Schema<T>): void {
  schema.index({ 'outbox.at': 1 });
}
