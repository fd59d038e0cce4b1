import { type Connection, Schema } from 'mongoose';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';

/**
 * The holder of a hostname: a quote or an order for a limited time, or an instance permanently (`until` null). The
 * hostname itself is the primary key, so of two takers exactly one wins. Hostnames are unique across clouds.
 */
export interface HostnameHold {
  _id: string;
  holder: 'quote' | 'order' | 'instance';
  holderId: string;
  /** Hash of the secret hold token; whoever knows the token may take the hold over. */
  tokenHash: string;
  accountId?: string | undefined;
  ip?: string | undefined;
  until: Date | null;
}

export type HoldOutcome = 'held' | 'taken_by_instance' | 'held_by_other';

export function hostnameHoldStore(connection: Connection) {
  const model = connection.model<HostnameHold>(
    'HostnameHold',
    new Schema<HostnameHold>(
      {
        _id: { type: String, required: true },
        holder: { type: String, required: true },
        holderId: { type: String, required: true },
        tokenHash: { type: String, required: true, index: true },
        accountId: { type: String },
        ip: { type: String },
        until: { type: Date, default: null, index: true },
      },
      { collection: 'hostname-holds' },
    )
      .index({ accountId: 1, until: 1 })
      .index({ ip: 1, until: 1 }),
  );

  /** Takes over a hostname that the taker already holds, that its cart holds, or whose hold has expired. */
  async function takeOver({ _id, ...hold }: HostnameHold): Promise<boolean> {
    const ownCart = { tokenHash: hold.tokenHash, holder: 'quote' as const };
    const free = { $or: [{ holderId: hold.holderId }, ownCart, { until: { $ne: null, $lte: nowDate() } }] };
    const taken = await model.updateOne({ _id, holder: { $ne: 'instance' }, ...free }, { $set: hold });
    return taken.matchedCount === 1;
  }

  async function takeFree(hold: HostnameHold): Promise<boolean> {
    try {
      await insertPlain(model, hold);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /**
   * Takes a hostname that is free, whose hold has expired, that the taker already holds, or that a quote holds whose
   * token the taker knows. An order's hold belongs to the order: a later quote of the same cart does not take it.
   */
  async function take(hold: HostnameHold): Promise<HoldOutcome> {
    for (;;) {
      // A quote mostly finds a free hostname, an order mostly its quote's hold: the likely case comes first.
      const ways = hold.holder === 'quote' ? [takeFree, takeOver] : [takeOver, takeFree];
      for (const way of ways) if (await way(hold)) return 'held';
      const current = await model.findById(hold._id).lean<HostnameHold>();
      if (current?.holder === 'instance') return 'taken_by_instance';
      // If the hold disappeared or became available between the two reads, try again.
      const isOwnCart = current?.holder === 'quote' && current.tokenHash === hold.tokenHash;
      const hasEnded = current?.until !== null && current !== null && current.until <= nowDate();
      if (current && !isOwnCart && !hasEnded) return 'held_by_other';
    }
  }

  return {
    model,
    take,
    async find(name: string): Promise<HostnameHold | null> {
      return model.findById(name).lean<HostnameHold>();
    },
    async findMany(names: readonly string[]): Promise<HostnameHold[]> {
      return model.find({ _id: { $in: names } }).lean<HostnameHold[]>();
    },
    /** A page of the holds of orders and instances, by hostname. */
    async page(after: string, limit: number): Promise<HostnameHold[]> {
      return model
        .find({ _id: { $gt: after }, holder: { $in: ['order', 'instance'] } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<HostnameHold[]>();
    },
    /** Ends every hold of a token except the one on `keep`, so that one cart counts as one hold. */
    async releaseOthers(tokenHash: string, keep: string): Promise<void> {
      await model.deleteMany({ tokenHash, holder: 'quote', _id: { $ne: keep } });
    },
    /** Extends a hold, never shortens it, while the holder still has the hostname; false if it lost it. */
    async extend(name: string, holderId: string, until: Date): Promise<boolean> {
      const result = await model.updateOne({ _id: name, holderId, holder: { $ne: 'instance' } }, { $max: { until } });
      return result.matchedCount === 1;
    },
    /** Passes the hostname from the order to its instance, permanently; false if the order no longer has it. */
    async own(name: string, orderId: string, instanceId: string): Promise<boolean> {
      const result = await model.updateOne(
        { _id: name, holderId: { $in: [orderId, instanceId] } },
        { $set: { holder: 'instance', holderId: instanceId, until: null } },
      );
      return result.matchedCount === 1;
    },
    /** Frees the hostname if one of these holders still has it; otherwise does nothing. */
    async release(name: string, holderIds: readonly string[]): Promise<void> {
      await model.deleteOne({ _id: name, holderId: { $in: holderIds } });
    },
    /**
     * Whether a buyer has more than `limit` unpaid holds, without the one on `except`; looks only for the first one too
     * many.
     */
    async areMoreThan(
      limit: number,
      { except, ...filter }: { accountId?: string; ip?: string; except?: string },
    ): Promise<boolean> {
      const others = except === undefined ? {} : { _id: { $ne: except } };
      // An instance's hold has no end, so it is not included.
      const open = { ...filter, ...others, until: { $gt: nowDate() } };
      return (await model.collection.findOne(open as never, { skip: limit, projection: { _id: 1 } })) !== null;
    },
    async removeExpired(): Promise<number> {
      const result = await model.deleteMany({ until: { $ne: null, $lte: nowDate() } });
      return result.deletedCount;
    },
  };
}
