import { type Connection, Schema } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.ts';

/**
 * Who may write to a stack: one row per stack, which its holder renews by the database's clock.
 * `stacks/runner/lease-rules.ts` decides when it can be taken over; every write here is a compare-and-set.
 */

export interface LeaseHolder {
  /** Unique to one operation. */
  owner: string;
  /** The machine, as one process id space. */
  host: string;
  /** Session of the holder's processes on that machine, and the start time of its leader. */
  sid: number;
  startTime: string;
  /** How long the lease is valid without renewal, ms. */
  holdsMs: number;
}

export interface StackLease extends Omit<LeaseHolder, 'owner'> {
  /** Name of the stack. */
  _id: string;
  /** Null if nobody holds it. */
  owner: string | null;
  /** Increases with every holder. */
  epoch: number;
  /** By the database's clock; the lease expires `holdsMs` later. */
  renewedAt: Date;
  /** Whether the last work on the stack is known to have ended cleanly; false while it is held. */
  settled: boolean;
}

export interface HeldLease {
  stack: string;
  owner: string;
  epoch: number;
  /** False if the previous work may be incomplete. */
  clean: boolean;
}

/** A lease of another holder, and the database's clock after it was read, ms since the epoch. */
export interface ForeignLease {
  lease: StackLease;
  databaseNow: number;
}

export function stackLeaseStore(connection: Connection) {
  const model = connection.model<StackLease>(
    'StackLease',
    new Schema<StackLease>(
      {
        _id: { type: String, required: true },
        owner: { type: String, default: null },
        epoch: { type: Number, default: 0 },
        renewedAt: { type: Date, default: null },
        settled: { type: Boolean, default: false },
        host: String,
        sid: Number,
        startTime: String,
        holdsMs: Number,
      },
      { collection: 'stack-leases', versionKey: false },
    ),
  );
  const taken = (holder: LeaseHolder) => ({
    $set: { ...holder, settled: false },
    $inc: { epoch: 1 },
    $currentDate: { renewedAt: true as const },
  });

  /** The database's own clock. */
  async function databaseNow(): Promise<number> {
    const { localTime } = await connection.db!.command({ hello: 1 });
    return (localTime as Date).getTime();
  }

  return {
    model,
    /**
     * Acquires a free lease; otherwise returns the other holder's lease. The caller may then prove that holder dead,
     * and take the lease over.
     */
    async acquire(stack: string, holder: LeaseHolder): Promise<HeldLease | ForeignLease> {
      for (;;) {
        try {
          const before = await model
            .findOneAndUpdate({ _id: stack, owner: null }, taken(holder), {
              upsert: true,
              returnDocument: 'before',
              setDefaultsOnInsert: false,
            })
            .lean<StackLease>();
          const clean = before === null || before.settled === true;
          return { stack, owner: holder.owner, epoch: (before?.epoch ?? 0) + 1, clean };
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
        const lease = await model.findById(stack).lean<StackLease>();
        if (lease?.owner) return { lease, databaseNow: await databaseNow() };
      }
    },
    /** The lease of the current holder of a stack; null when there is none. */
    async held(stack: string): Promise<ForeignLease | null> {
      const lease = await model.findById(stack).lean<StackLease>();
      return lease?.owner ? { lease, databaseNow: await databaseNow() } : null;
    },
    /** Takes over the lease of a holder that can no longer act; null when it changed in the meantime. */
    async takeOver({ lease }: ForeignLease, holder: LeaseHolder): Promise<HeldLease | null> {
      const { _id, owner, epoch, renewedAt } = lease;
      const row = await model
        .findOneAndUpdate({ _id, owner, epoch, renewedAt }, taken(holder), { returnDocument: 'after' })
        .lean<StackLease>();
      return row ? { stack: _id, owner: holder.owner, epoch: row.epoch, clean: false } : null;
    },
    /** Whether the lease was still held; then it is valid again for its whole time. */
    async renew({ stack, owner, epoch }: HeldLease): Promise<boolean> {
      const renewed = await model.updateOne({ _id: stack, owner, epoch }, { $currentDate: { renewedAt: true } });
      return renewed.matchedCount === 1;
    },
    /**
     * Releases the lease, and records whether the work ended cleanly; does nothing if it belongs to somebody else by
     * now.
     */
    async release({ stack, owner, epoch }: HeldLease, { settled }: { settled: boolean }): Promise<void> {
      await model.updateOne({ _id: stack, owner, epoch }, { $set: { owner: null, settled } });
    },
  };
}
