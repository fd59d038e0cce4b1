import { type Connection, Schema } from 'mongoose';
import type { DeliveryStatus, LicenceEventType } from '../../protocol/events.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/**
 * One event on its way to one endpoint. A process holds it until `nextAt`: it is claimed by one conditional update that
 * moves `nextAt` forward, and only the holder of `claim` writes the result.
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
  /** When the next attempt is due; while it is claimed, when the claim expires. */
  nextAt: Date;
  claim: string | null;
  lastOutcome: string | null;
  /** Start of the attempts: counts for the time after which it is given up. */
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
  // A claim is a random text of one process, so one of these claims on one of these ids is a claim of this process.
  const stillHeld = (held: Delivery[]) => ({
    _id: { $in: held.map(({ _id }) => _id) },
    status: 'pending' as const,
    claim: { $in: [...new Set(held.map(({ claim }) => claim))] },
  });
  const again = (now: Date, note: AuditNote) => ({
    $set: { status: 'pending', attempts: 0, nextAt: now, since: now, claim: null, endedAt: null },
    ...pushToOutbox(note),
  });

  return {
    model,
    find: (id: string) => model.findById(id).lean<Delivery>().exec(),
    /** Those that exist already stay as they are. */
    async insertMissing(deliveries: Delivery[]): Promise<void> {
      try {
        await model.insertMany(deliveries, { ordered: false });
      } catch (error) {
        const { writeErrors = [error] } = error as { writeErrors?: unknown[] };
        if (!writeErrors.every(isDuplicateKey)) throw error;
      }
    },
    /** Due deliveries, longest due first, without the excluded ones. */
    due: (now: Date, leftOut: { webhooks: string[]; deliveries: string[] }, limit: number) =>
      model
        .find({
          status: 'pending',
          nextAt: { $lte: now },
          webhookId: { $nin: leftOut.webhooks },
          _id: { $nin: leftOut.deliveries },
        })
        .sort({ nextAt: 1 })
        .limit(limit)
        .lean<Delivery[]>()
        .exec(),
    /**
     * Claims all of these that are due at `now`, each unless another process was first, by one update. Returns those
     * that it claimed, in the order of the ids.
     */
    async claim(ids: string[], now: Date, claim: string, until: Date): Promise<Delivery[]> {
      const due = { _id: { $in: ids }, status: 'pending', nextAt: { $lte: now } } as const;
      await model.updateMany(due, { $set: { claim, nextAt: until }, $inc: { attempts: 1 } });
      const held = await model
        .find({ _id: { $in: ids }, status: 'pending', claim })
        .lean<Delivery[]>()
        .exec();
      const byId = new Map(held.map((delivery) => [delivery._id, delivery]));
      return ids.flatMap((id) => byId.get(id) ?? []);
    },
    /** Gives up the claim of deliveries that were not attempted: they are due since `nextAt`, as before the claim. */
    async handBack(held: Delivery[], nextAt: Date): Promise<void> {
      await model.updateMany(stillHeld(held), { $set: { nextAt, claim: null }, $inc: { attempts: -1 } });
    },
    /** Writes the result of an attempt; false if another process has claimed it meanwhile. */
    async settle(held: Delivery, to: Ended | Pick<Delivery, 'nextAt' | 'lastOutcome'>): Promise<boolean> {
      const filter = { _id: held._id, status: 'pending', claim: held.claim } as const;
      return (await model.updateOne(filter, { $set: { ...to, claim: null } })).modifiedCount === 1;
    },
    /** Writes the same result of several attempts by one update; those that another process has claimed meanwhile stay. */
    async settleAll(held: Delivery[], to: Ended): Promise<void> {
      await model.updateMany(stillHeld(held), { $set: { ...to, claim: null } });
    },
    /** A page, by id. */
    page: (only: Partial<Pick<Delivery, 'status' | 'webhookId'>>, afterId: string, limit: number) =>
      model
        .find({ ...only, _id: { $gt: afterId } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Delivery[]>()
        .exec(),
    /** Sends it again from the start; null if it is pending already. */
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
    /** Pending ones stay, however old. */
    async forgetBefore(before: Date): Promise<number> {
      return (await model.deleteMany({ createdAt: { $lt: before }, status: { $ne: 'pending' } })).deletedCount;
    },
  };
}
