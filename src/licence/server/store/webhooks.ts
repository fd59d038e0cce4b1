import { type Connection, Schema } from 'mongoose';
import type { LicenceEventType } from '../../protocol/events.ts';
import type { SealedText } from '../keys/sealing.ts';
import { batched } from './batched.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** A signing secret, readable only with the keys file. During a rotation two are valid. */
export interface SealedSecret {
  sealed: SealedText;
  from: Date;
  /** Null for the newest one. */
  until: Date | null;
}

/** An address that events are delivered to. */
export interface Webhook extends WithOutbox {
  _id: string;
  idempotencyKey: string;
  url: string;
  /** Empty = all. */
  events: LicenceEventType[];
  description: string;
  enabled: boolean;
  /** Newest last. */
  secrets: SealedSecret[];
  createdAt: Date;
  /** Set when it is removed: from then on it is not found. Its idempotency key is remembered a while longer. */
  removedAt?: Date | null;
}

const after = { returnDocument: 'after' } as const;

export function webhookStore(connection: Connection) {
  const schema = new Schema<Webhook>(
    {
      _id: { type: String, required: true },
      idempotencyKey: { type: String, required: true, unique: true },
      url: { type: String, required: true },
      events: { type: [String], required: true },
      description: { type: String, default: '' },
      enabled: { type: Boolean, required: true },
      secrets: { type: Schema.Types.Mixed, required: true },
      createdAt: { type: Date, required: true },
      removedAt: { type: Date, default: null },
      outbox: outboxField,
    },
    { collection: 'webhooks', versionKey: false },
  );
  schema.index({ removedAt: 1 });
  indexOutbox(schema);
  const model = connection.model<Webhook>('Webhook', schema);
  const there = { removedAt: null };

  return {
    model,
    find: batched<Webhook>(
      (ids) =>
        model
          .find({ _id: { $in: ids }, ...there })
          .lean<Webhook[]>()
          .exec(),
      ({ _id }) => _id,
    ),
    byIdempotencyKey: (idempotencyKey: string) => model.findOne({ idempotencyKey }).lean<Webhook>().exec(),
    /** Oldest first. */
    all: () => model.find(there).sort({ _id: 1 }).limit(1000).lean<Webhook[]>().exec(),
    /** False if the idempotency key was used before. */
    async insert(webhook: Webhook): Promise<boolean> {
      try {
        await model.create(webhook);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Returns the webhook before the change; null if there is none, or if nothing changed. */
    enable: (id: string, enabled: boolean, note: AuditNote) =>
      model
        .findOneAndUpdate(
          { _id: id, ...there, enabled: !enabled },
          { $set: { enabled }, ...pushToOutbox(note) },
          { returnDocument: 'before' },
        )
        .lean<Webhook>()
        .exec(),
    /** Replaces the secrets that were read; null if they changed meanwhile. */
    replaceSecrets: (webhook: Webhook, secrets: SealedSecret[], note: AuditNote) =>
      model
        .findOneAndUpdate(
          { _id: webhook._id, ...there, 'secrets.sealed.iv': webhook.secrets.at(-1)?.sealed.iv },
          { $set: { secrets }, ...pushToOutbox(note) },
          after,
        )
        .lean<Webhook>()
        .exec(),
    /** From then on it is not found; false if it was removed before. */
    async remove(id: string, removedAt: Date, note: AuditNote): Promise<boolean> {
      const values = { removedAt, enabled: false, secrets: [] };
      const removed = await model.updateOne({ _id: id, ...there }, { $set: values, ...pushToOutbox(note) });
      return removed.modifiedCount === 1;
    },
    /** Ids of those removed before then whose outbox is empty. */
    async removedBefore(before: Date): Promise<string[]> {
      const empty = { removedAt: { $gt: new Date(0), $lt: before }, 'outbox.at': { $not: { $gt: new Date(0) } } };
      return (await model.find(empty, { _id: 1 }).limit(100).lean<Pick<Webhook, '_id'>[]>()).map(({ _id }) => _id);
    },
    async forget(id: string): Promise<void> {
      await model.deleteOne({ _id: id, removedAt: { $ne: null } });
    },
  };
}
