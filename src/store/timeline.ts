import { type Connection, Schema, Types } from 'mongoose';
import type { EventBody, TimelineEvent } from '../contracts/events.ts';
import type { OperationRef } from '../contracts/workflow-messages.ts';
import { now } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';

interface TimelineRow {
  _id: Types.ObjectId;
  instanceId: string;
  sequence: number;
  at: number;
  /** By the database's clock: the writers' clocks differ, and may be set back. */
  insertedAt: Date;
  orderId?: string;
  operationId?: string;
  body: EventBody;
}

/** The ids of an event; without an operation where none caused it. */
type EventOwner = Pick<OperationRef, 'instanceId' | 'orderId'> & Partial<OperationRef>;

/**
 * The timeline of every instance: numbered without gaps by a unique index (the writer takes the next number and retries
 * on a duplicate), read per instance by number and by the live tail in insertion order.
 */
export function timelineStore(connection: Connection) {
  const schema = new Schema<TimelineRow>(
    {
      instanceId: { type: String, required: true },
      sequence: { type: Number, required: true },
      at: { type: Number, required: true },
      insertedAt: { type: Date, index: true },
      orderId: String,
      operationId: String,
      body: { type: Schema.Types.Mixed, required: true },
    },
    { collection: 'timeline', minimize: false },
  );
  schema.index({ instanceId: 1, sequence: 1 }, { unique: true });
  const model = connection.model<TimelineRow>('TimelineEvent', schema);
  /** Last number that this process saw per instance: a hint that saves a read, not the truth. */
  const hints = new Map<string, number>();

  function toEvent(row: Omit<TimelineRow, '_id' | 'insertedAt'>): TimelineEvent {
    return {
      instanceId: row.instanceId,
      sequence: row.sequence,
      at: new Date(row.at).toISOString(),
      ...(row.orderId ? { orderId: row.orderId } : {}),
      ...(row.operationId ? { operationId: row.operationId } : {}),
      ...row.body,
    };
  }

  /** The number of the instance's newest event; 0 if it has none. */
  async function lastSequence(instanceId: string): Promise<number> {
    const last = await model
      .findOne({ instanceId }, { sequence: 1 })
      .sort({ sequence: -1 })
      .lean<{ sequence: number } | null>();
    return last?.sequence ?? 0;
  }

  /** Inserts with this number; undefined if it is taken. */
  async function insertAt(sequence: number, owner: EventOwner, body: EventBody): Promise<TimelineEvent | undefined> {
    const row = { ...owner, sequence, at: now(), body };
    try {
      await model.updateOne(
        { _id: new Types.ObjectId() },
        { $setOnInsert: row, $currentDate: { insertedAt: true } },
        { upsert: true },
      );
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
    if (hints.size > 10_000) hints.clear();
    hints.set(owner.instanceId, sequence);
    return toEvent(row);
  }

  async function append(owner: EventOwner, body: EventBody): Promise<TimelineEvent> {
    let sequence = (hints.get(owner.instanceId) ?? (await lastSequence(owner.instanceId))) + 1;
    for (;;) {
      const event = await insertAt(sequence, owner, body);
      if (event) return event;
      sequence = (await lastSequence(owner.instanceId)) + 1;
    }
  }

  return {
    model,
    append,
    lastSequence,
    /**
     * Appends an event that happens once for an instance or an attempt of a step, unless the timeline contains it
     * already: for a writer that may have died between a change and its event. Concurrent calls append it once.
     */
    async appendOnce(owner: EventOwner, body: Exclude<EventBody, { type: 'log' }>) {
      const same = { 'body.type': body.type, ...('state' in body ? { 'body.state': body.state } : {}) };
      const tryOf = body.type === 'step' ? { 'body.step': body.step, 'body.attempt': body.attempt } : {};
      const query = { ...same, ...tryOf, ...('status' in body ? { 'body.status': body.status } : {}) };
      const inOperation = owner.operationId ? { operationId: owner.operationId } : {};
      for (;;) {
        // Read before the check: a concurrent writer of the same event after the check takes this very number.
        const sequence = (await lastSequence(owner.instanceId)) + 1;
        if (await model.exists({ instanceId: owner.instanceId, ...inOperation, ...query })) return;
        if (await insertAt(sequence, owner, body)) return;
      }
    },
    /** Events of one instance with a number above `after`, in order. */
    async page(instanceId: string, after: number, limit: number): Promise<TimelineEvent[]> {
      const rows = await model
        .find({ instanceId, sequence: { $gt: after } })
        .sort({ sequence: 1 })
        .limit(limit)
        .lean<TimelineRow[]>();
      return rows.map(toEvent);
    },
    /** When the newest event of all was inserted, by the database's clock; null if there is none. */
    async newestInsertion(): Promise<Date | null> {
      const newest = await model
        .findOne({ insertedAt: { $ne: null } }, { insertedAt: 1 })
        .sort({ insertedAt: -1 })
        .lean<Pick<TimelineRow, 'insertedAt'> | null>();
      return newest?.insertedAt ?? null;
    },
    /** Events of all instances inserted at `since` or later by the database's clock, in that order. */
    async insertedSince(since: Date): Promise<{ rowId: string; insertedAt: number; event: TimelineEvent }[]> {
      const rows = await model
        .find({ insertedAt: { $gte: since } })
        .sort({ insertedAt: 1, _id: 1 })
        .lean<TimelineRow[]>();
      return rows.map((row) => ({
        rowId: row._id.toHexString(),
        insertedAt: row.insertedAt.getTime(),
        event: toEvent(row),
      }));
    },
  };
}
