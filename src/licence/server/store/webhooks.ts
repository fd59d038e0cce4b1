import { type Connection, Schema } from 'mongoose';
import type { LicenceEventType } from '../../protocol/events.ts';
import type { SealedText } from '../sealing.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/** A signing secret, readable with the keys file alone. Two count while receivers change over. */
export interface SealedSecret {
  sealed: SealedText;
  from: Date;
  /** Null for the newest one. */
  until: Date | null;
}

/** An address that events are delivered to. */
export interface Webhook {
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
}

const after = { returnDocument: 'after' } as const;

export function webhookStore(connection: Connection) {
  const model = connection.model<Webhook>(
    'Webhook',
    new Schema<Webhook>(
      {
        _id: { type: String, required: true },
        idempotencyKey: { type: String, required: true, unique: true },
        url: { type: String, required: true },
        events: { type: [String], required: true },
        description: { type: String, default: '' },
        enabled: { type: Boolean, required: true },
        secrets: { type: Schema.Types.Mixed, required: true },
        createdAt: { type: Date, required: true },
      },
      { collection: 'webhooks', versionKey: false },
    ),
  );

  return {
    model,
    find: (id: string) => model.findById(id).lean<Webhook>().exec(),
    byIdempotencyKey: (idempotencyKey: string) => model.findOne({ idempotencyKey }).lean<Webhook>().exec(),
    /** Oldest first. */
    all: () => model.find().sort({ _id: 1 }).limit(1000).lean<Webhook[]>().exec(),
    /** False when the idempotency key was used before. */
    async insert(webhook: Webhook): Promise<boolean> {
      try {
        await model.create(webhook);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Answers the webhook before the change; null when there is none, or when it is so already. */
    enable: (id: string, enabled: boolean) =>
      model
        .findOneAndUpdate({ _id: id, enabled: !enabled }, { $set: { enabled } }, { returnDocument: 'before' })
        .lean<Webhook>()
        .exec(),
    /** Replaces the secrets that were read; null when they changed meanwhile. */
    replaceSecrets: (webhook: Webhook, secrets: SealedSecret[]) =>
      model
        .findOneAndUpdate(
          { _id: webhook._id, 'secrets.sealed.iv': webhook.secrets.at(-1)?.sealed.iv },
          { $set: { secrets } },
          after,
        )
        .lean<Webhook>()
        .exec(),
    async remove(id: string): Promise<boolean> {
      return (await model.deleteOne({ _id: id })).deletedCount === 1;
    },
  };
}
