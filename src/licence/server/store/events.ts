import { type Connection, Schema } from 'mongoose';
import type { LicenceEventType } from '../../protocol/events.ts';
import { batched } from './batched.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { indexOutbox, outboxField, type WithOutbox } from './outbox.ts';

/** A recorded event; its id is derived from what it is about, so recording it again changes nothing. */
export interface LicenceEvent extends WithOutbox {
  /** The `webhook-id` of its deliveries. */
  _id: string;
  type: LicenceEventType;
  at: Date;
  licenceId: string;
  activationId: string | null;
  product: string;
  externalRef: string;
  details: Record<string, unknown>;
  recordedAt: Date;
  /** When every interested endpoint had a delivery; null until then. */
  fannedOutAt: Date | null;
}

export function eventStore(connection: Connection) {
  const schema = new Schema<LicenceEvent>(
    {
      _id: { type: String, required: true },
      type: { type: String, required: true },
      at: { type: Date, required: true },
      licenceId: { type: String, required: true },
      activationId: { type: String, default: null },
      product: { type: String, required: true },
      externalRef: { type: String, required: true },
      details: { type: Schema.Types.Mixed, required: true },
      recordedAt: { type: Date, required: true },
      fannedOutAt: { type: Date, default: null },
      outbox: outboxField,
    },
    { collection: 'events', versionKey: false, minimize: false },
  );
  schema.index({ fannedOutAt: 1, recordedAt: 1 });
  schema.index({ recordedAt: 1 });
  indexOutbox(schema);
  const model = connection.model<LicenceEvent>('Event', schema);

  return {
    model,
    find: batched<LicenceEvent>(
      (ids) =>
        model
          .find({ _id: { $in: ids } })
          .lean<LicenceEvent[]>()
          .exec(),
      ({ _id }) => _id,
    ),
    /** False if it existed before. */
    async record(event: LicenceEvent): Promise<boolean> {
      try {
        await model.create(event);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Events for which some endpoint may not have a delivery yet, oldest first. */
    toFanOut: (limit: number) =>
      model.find({ fannedOutAt: null }).sort({ recordedAt: 1 }).limit(limit).lean<LicenceEvent[]>().exec(),
    async fannedOut(ids: string[], fannedOutAt: Date): Promise<void> {
      await model.updateMany({ _id: { $in: ids }, fannedOutAt: null }, { $set: { fannedOutAt } });
    },
    async forgetBefore(before: Date): Promise<number> {
      return (await model.deleteMany({ recordedAt: { $lt: before }, fannedOutAt: { $ne: null } })).deletedCount;
    },
  };
}
