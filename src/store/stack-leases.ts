import { type Connection, Schema } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.ts';

/**
 * Who may touch a stack: one row per stack, held for 60 s by the database's clock and renewed by its holder. A lease is
 * taken when it is released, when its holder is proven dead, or 30 s after it ran out.
 */

/** How long a lease holds without being renewed, ms of the database's clock. */
const leaseMs = 60_000;
/** How much later than that another machine may take it, ms. */
const leaseMarginMs = 30_000;

export interface LeaseHolder {
  /** Unique to one operation. */
  owner: string;
  /** The machine, as one space of process ids. */
  host: string;
  /** Session of the holder's processes on that machine, and the start time of its leader. */
  sid: number;
  startTime: string;
}

export interface StackLease extends Omit<LeaseHolder, 'owner'> {
  /** Name of the stack. */
  _id: string;
  /** Null when nobody holds it. */
  owner: string | null;
  /** Grows with every holder. */
  epoch: number;
  renewedAt: Date;
}

export interface HeldLease {
  stack: string;
  owner: string;
  epoch: number;
  /** False when the holder before did not release it, so that its work may be half done. */
  clean: boolean;
}

/** A lease that another holder has; `expired` when it ran out and its margin too. */
export interface ForeignLease {
  lease: StackLease;
  expired: boolean;
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
        host: String,
        sid: Number,
        startTime: String,
      },
      { collection: 'stack-leases', versionKey: false },
    ),
  );
  const taken = ({ owner, host, sid, startTime }: LeaseHolder) => ({
    $set: { owner, host, sid, startTime },
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
     * Takes a lease that nobody holds; answers with the other holder's lease where somebody does. The caller may then
     * prove that holder dead, and take the lease over.
     */
    async acquire(stack: string, holder: LeaseHolder): Promise<HeldLease | ForeignLease> {
      for (;;) {
        try {
          const row = await model
            .findOneAndUpdate({ _id: stack, owner: null }, taken(holder), {
              upsert: true,
              returnDocument: 'after',
              setDefaultsOnInsert: false,
            })
            .lean<StackLease>();
          return { stack, owner: holder.owner, epoch: row!.epoch, clean: true };
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
        const lease = await model.findById(stack).lean<StackLease>();
        if (!lease?.owner) continue;
        const age = (await databaseNow()) - lease.renewedAt.getTime();
        return { lease, expired: age > leaseMs + leaseMarginMs };
      }
    },
    /** Takes over the lease of a holder that can do nothing any more; null when it changed in the meantime. */
    async takeOver({ lease }: ForeignLease, holder: LeaseHolder): Promise<HeldLease | null> {
      const { _id, owner, epoch, renewedAt } = lease;
      const row = await model
        .findOneAndUpdate({ _id, owner, epoch, renewedAt }, taken(holder), { returnDocument: 'after' })
        .lean<StackLease>();
      return row ? { stack: _id, owner: holder.owner, epoch: row.epoch, clean: false } : null;
    },
    /** Whether the lease was still held and now holds for another 60 s. */
    async renew({ stack, owner, epoch }: HeldLease): Promise<boolean> {
      const renewed = await model.updateOne({ _id: stack, owner, epoch }, { $currentDate: { renewedAt: true } });
      return renewed.matchedCount === 1;
    },
    /** Gives the lease back; nothing when it is somebody else's by now. */
    async release({ stack, owner, epoch }: HeldLease): Promise<void> {
      await model.updateOne({ _id: stack, owner, epoch }, { $set: { owner: null } });
    },
  };
}
