import { type Connection, Schema } from 'mongoose';
import type { DeliveryStatus, LicenceEventType } from '../../protocol/events.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/**
 * One event on its way to one endpoint. Whoever tries it holds it until `nextAt`: it is claimed by one conditional
 * update that moves `nextAt` ahead, and only the holder of `claim` writes what came of it.
 */
export interface Delivery extends WithOutbox {
  /** `<event id>.<webhook id>` */
  _id: string;
  eventId: string;
  webhookId: string;
  type: LicenceEventType;
  licenceId: string;
  status: DeliveryStatus;
  attempts: number;
  /** When it is to be tried next; while it is tried, when that try counts as lost. */
  nextAt: Date;
  claim: string | null;
  lastOutcome: string | null;
  /** Since when it is tried: counts for the time after which it is given up. */
  since: Date;
  createdAt: Date;
  endedAt: Date | null;
}

export const deliveryId = (eventId: string, webhookId: string) => `${eventId}.${webhookId}`;

type Ended = Pick<Delivery, 'status' | 'lastOutcome' | 'endedAt'>;

const after = { returnDocument: 'after' } as const;

export function deliveryStore(connection: Connection) {
  const schema = new Schema<Delivery>(
    {
      _id: { type: String, required: true },
      eventId: { type: String, required: true },
      webhookId: { type: String, required: true },
      type: { type: String, required: true },
      licenceId: { type: String, required: true },
      status: { type: String, required: true },
      attempts: { type: Number, required: true },
      nextAt: { type: Date, required: true },
      claim: { type: String, default: null },
      lastOutcome: { type: String, default: null },
      since: { type: Date, required: true },
      createdAt: { type: Date, required: true },
      endedAt: { type: Date, default: null },
      outbox: outboxField,
    },
    { collection: 'deliveries', versionKey: false },
  );
  schema.index({ status: 1, nextAt: 1, webhookId: 1 });
  schema.index({ webhookId: 1, status: 1, _id: 1 });
  schema.index({ createdAt: 1 });
  indexOutbox(schema);
  const model = connection.model<Delivery>('Delivery', schema);
  const again = (now: Date, note: AuditNote) => ({
    $set: { status: 'pending', attempts: 0, nextAt: now, since: now, claim: null, endedAt: null },
    ...pushToOutbox(note),
  });

  return {
    model,
    find: (id: string) => model.findById(id).lean<Delivery>().exec(),
    /** False when it stood there before. */
    async insert(delivery: Delivery): Promise<boolean> {
      try {
        await model.create(delivery);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Those whose time has come, longest due first, but none to the endpoints that are left out. */
    due: (now: Date, leftOut: string[], limit: number) =>
      model
        .find({ status: 'pending', nextAt: { $lte: now }, webhookId: { $nin: leftOut } })
        .sort({ nextAt: 1 })
        .limit(limit)
        .lean<Delivery[]>()
        .exec(),
    /** Takes it as it was seen; null when another process was first. */
    claim: (seen: Delivery, claim: string, until: Date): Promise<Delivery | null> =>
      model
        .findOneAndUpdate(
          { _id: seen._id, status: 'pending', nextAt: seen.nextAt },
          { $set: { claim, nextAt: until }, $inc: { attempts: 1 } },
          after,
        )
        .lean<Delivery>()
        .exec(),
    /** What came of a try; false when it was claimed by another meanwhile. */
    async settle(held: Delivery, to: Ended | Pick<Delivery, 'nextAt' | 'lastOutcome'>): Promise<boolean> {
      const filter = { _id: held._id, status: 'pending', claim: held.claim } as const;
      return (await model.updateOne(filter, { $set: { ...to, claim: null } })).modifiedCount === 1;
    },
    /** A page, by id. */
    page: (only: Partial<Pick<Delivery, 'status' | 'webhookId'>>, afterId: string, limit: number) =>
      model
        .find({ ...only, _id: { $gt: afterId } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Delivery[]>()
        .exec(),
    /** Sends it again from the start; null when it is on its way already. */
    redeliver: (id: string, now: Date, note: AuditNote): Promise<Delivery | null> =>
      model
        .findOneAndUpdate({ _id: id, status: { $ne: 'pending' } }, again(now, note), after)
        .lean<Delivery>()
        .exec(),
    /** The same note in all of them is one entry. */
    async redeliverDead(webhookId: string, now: Date, note: AuditNote): Promise<number> {
      return (await model.updateMany({ webhookId, status: 'dead' }, again(now, note))).modifiedCount;
    },
    async removeOf(webhookId: string): Promise<void> {
      await model.deleteMany({ webhookId });
    },
    /** Those that are on their way stay, however old. */
    async forgetBefore(before: Date): Promise<number> {
      return (await model.deleteMany({ createdAt: { $lt: before }, status: { $ne: 'pending' } })).deletedCount;
    },
  };
}
