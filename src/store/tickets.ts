import { type Connection, Schema } from 'mongoose';
import type { Mismatch, MismatchKind } from '../contracts/fleet.ts';
import { nowDate } from '../runtime/clock.ts';
import { newId } from '../runtime/new-id.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type Newest, type NewestPage, newestFirst } from './newest-first.ts';
import type { TicketRecord } from './records.ts';

export type TicketState = 'open' | 'repaired' | 'closed';

const states = {
  open: { closedAt: null, repairedAt: null },
  repaired: { closedAt: null, repairedAt: { $ne: null } },
  closed: { closedAt: { $ne: null } },
};

/** Tickets: one per mismatch, identified by its kind and subject. */
export function ticketStore(connection: Connection) {
  const schema = new Schema<TicketRecord>(
    {
      _id: { type: String, required: true },
      kind: { type: String, required: true },
      subject: { type: String, required: true },
      orderId: { type: String, index: true },
      instanceId: { type: String, index: true },
      cloud: String,
      repair: { type: String, default: null },
      openedAt: { type: Date, required: true },
      seenAt: { type: Date, required: true },
      repairedAt: { type: Date, default: null },
      repairs: { type: Number, required: true },
      closedAt: { type: Date, default: null },
      closedBy: { type: String, default: null },
    },
    { collection: 'tickets' },
  );
  schema.index({ kind: 1, subject: 1 }, { unique: true });
  schema.index({ openedAt: -1, _id: -1 });
  const model = connection.model<TicketRecord>('Ticket', schema);

  async function open(mismatch: Mismatch, at: Date): Promise<TicketRecord | null> {
    const ticket: TicketRecord = {
      _id: newId.ticket(),
      ...mismatch,
      openedAt: nowDate(),
      seenAt: at,
      repairedAt: null,
      repairs: 0,
      closedAt: null,
      closedBy: null,
    };
    try {
      await model.create(ticket);
      return ticket;
    } catch (error) {
      if (isDuplicateKey(error)) return null;
      throw error;
    }
  }

  return {
    model,
    /**
     * Records that a pass which began at `at` saw this mismatch: opens its ticket, or reopens it if the mismatch had
     * disappeared or its repair did not hold. Returns the ticket; null if a person closed it, which holds as long as
     * the mismatch lasts.
     */
    async note(mismatch: Mismatch, at: Date): Promise<TicketRecord | null> {
      const { kind, subject, ...about } = mismatch;
      const opened = await open(mismatch, at);
      if (opened) return opened;
      const key = { kind, subject };
      await model.updateOne(key, { $set: about, $max: { seenAt: at } });
      const gone = { closedAt: { $ne: null }, closedBy: null };
      await model.updateOne({ ...key, ...gone }, { $set: { closedAt: null, repairedAt: null, openedAt: nowDate() } });
      // A repair made by an earlier pass that this one still sees broken did not hold.
      await model.updateOne({ ...key, repairedAt: { $lt: at } }, { $set: { repairedAt: null } });
      const ticket = await model.findOne(key).lean<TicketRecord>();
      return ticket?.closedAt === null ? ticket : null;
    },
    /** Keeps the tickets of orders and instances that a pass skipped. */
    async keep(ids: readonly string[], at: Date): Promise<void> {
      const about = { $or: [{ orderId: { $in: ids } }, { instanceId: { $in: ids } }] };
      await model.updateMany(about, { $max: { seenAt: at } });
    },
    async markRepaired({ kind, subject }: Pick<Mismatch, 'kind' | 'subject'>): Promise<TicketRecord | null> {
      return model
        .findOneAndUpdate(
          { kind, subject },
          { $set: { repairedAt: nowDate() }, $inc: { repairs: 1 } },
          { returnDocument: 'after' },
        )
        .lean<TicketRecord>();
    },
    /** Closes the tickets of these kinds whose mismatch a pass that began at `at` did not see; returns how many. */
    async closeGone(kinds: readonly MismatchKind[], at: Date): Promise<number> {
      const gone = { kind: { $in: kinds }, seenAt: { $lt: at } };
      // A mismatch that a person had closed can be reported again.
      await model.updateMany({ ...gone, closedBy: { $ne: null } }, { $set: { closedBy: null } });
      const closed = await model.updateMany({ ...gone, closedAt: null }, { $set: { closedAt: nowDate() } });
      return closed.modifiedCount;
    },
    /** Closes one by hand; null if it was closed already. */
    async close(id: string, by: string): Promise<TicketRecord | null> {
      return model
        .findOneAndUpdate(
          { _id: id, closedAt: null },
          { $set: { closedAt: nowDate(), closedBy: by } },
          { returnDocument: 'after' },
        )
        .lean<TicketRecord>();
    },
    async find(id: string): Promise<TicketRecord | null> {
      return model.findById(id).lean<TicketRecord>();
    },
    /** A page of them, newest first. */
    async newest(
      { state, kind }: { state?: TicketState; kind?: MismatchKind },
      page: NewestPage,
    ): Promise<Newest<TicketRecord>> {
      const filter = { ...(state ? states[state] : {}), ...(kind ? { kind } : {}) };
      return newestFirst<TicketRecord>(model, { filter, time: 'openedAt', page });
    },
    async countOpen(): Promise<number> {
      return model.countDocuments(states.open);
    },
    /** The open tickets of these orders and instances, newest first. */
    async openOf(ids: readonly string[], limit: number): Promise<TicketRecord[]> {
      const about = { $or: [{ orderId: { $in: ids } }, { instanceId: { $in: ids } }] };
      return model
        .find({ $and: [about, states.open] })
        .sort({ openedAt: -1 })
        .limit(limit)
        .lean<TicketRecord[]>();
    },
    /** Orders with an open ticket. */
    async openOrders(): Promise<string[]> {
      const open = await model
        .find({ closedAt: null, orderId: { $ne: null } }, { orderId: 1 })
        .limit(1_000)
        .lean<TicketRecord[]>();
      return open.flatMap(({ orderId }) => orderId ?? []);
    },
  };
}
