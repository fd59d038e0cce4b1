import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, Schema } from 'mongoose';
import type { OrderDetails } from '../contracts/api/orders.ts';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';
import type { OrderRecord } from './records.ts';

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
  /** Account of the member who holds it; a guest's hold belongs to no account. */
  accountId?: string | undefined;
  /** Client address of the quote. */
  ip?: string | undefined;
  /** When this cart, or this order without a cart, took it. */
  takenAt?: Date | undefined;
  until: Date | null;
}

/** `held_by_own_order`: an order of the same cart has it. */
export type HoldOutcome = 'held' | 'taken_by_instance' | 'held_by_own_order' | 'held_by_other';

/** Whose unpaid holds are counted: those of an account, of a cart (by the hash of its token) or of a client address. */
export type HoldsOf = { accountId: string } | { tokenHash: string } | { ip: string };

/** The account for which an order holds its name; none for a guest, whose address may be anybody's. */
export function holderAccountOf({ memberId, accountId }: Pick<OrderRecord, 'memberId' | 'accountId'>) {
  return memberId === undefined ? undefined : accountId;
}

/** How often and how long, in ms, a taker waits until those behind it have withdrawn. */
const surplusReads = 20;
const surplusReadMs = 25;

/** Who has a hostname at this time (ms since the epoch), seen from the one with these ids; `hold` is its row. */
export function nameStatusOf(
  hold: Pick<HostnameHold, 'holderId' | 'until'> | null,
  { holderIds, at }: { holderIds: readonly string[]; at: number },
): OrderDetails['name']['status'] {
  if (!hold || (hold.until !== null && hold.until.getTime() <= at)) return 'free';
  return holderIds.includes(hold.holderId) ? 'held' : 'taken';
}

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
        takenAt: { type: Date },
        until: { type: Date, default: null, index: true },
      },
      { collection: 'hostname-holds' },
    )
      .index({ accountId: 1, until: 1 })
      .index({ ip: 1, until: 1 }),
  );

  /** Takes over a hostname that the taker already holds or that its cart holds; it still counts as taken back then. */
  async function takeOwn({ _id, ip: _, ...hold }: HostnameHold): Promise<boolean> {
    const isOwn = { $or: [{ holderId: hold.holderId }, { tokenHash: hold.tokenHash, holder: 'quote' as const }] };
    const taken = await model.updateOne({ _id, holder: { $ne: 'instance' }, ...isOwn }, { $set: hold });
    return taken.matchedCount === 1;
  }

  /** Takes over a hostname whose hold has expired; nothing of the earlier holder stays. */
  async function takeExpired({ _id, accountId, ip, ...hold }: HostnameHold): Promise<boolean> {
    const buyer = { accountId, ip };
    const isGone = Object.entries(buyer).flatMap(([name, value]) => (value === undefined ? [[name, 1]] : []));
    const taken = await model.updateOne(
      { _id, holder: { $ne: 'instance' }, until: { $ne: null, $lte: nowDate() } },
      {
        $set: { ...hold, ...buyer, takenAt: nowDate() },
        ...(isGone.length > 0 ? { $unset: Object.fromEntries(isGone) } : {}),
      },
    );
    return taken.matchedCount === 1;
  }

  async function takeFree(hold: HostnameHold): Promise<boolean> {
    try {
      await insertPlain(model, { ...hold, takenAt: nowDate() });
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
      const ways = hold.holder === 'quote' ? [takeFree, takeOwn, takeExpired] : [takeOwn, takeFree, takeExpired];
      for (const way of ways) if (await way(hold)) return 'held';
      const current = await model.findById(hold._id).lean<HostnameHold>();
      if (current?.holder === 'instance') return 'taken_by_instance';
      // If the hold disappeared or became available between the two reads, try again.
      const isOwn = current?.tokenHash === hold.tokenHash;
      const hasEnded = current?.until !== null && current !== null && current.until <= nowDate();
      if (!current || hasEnded || (isOwn && current.holder === 'quote')) continue;
      return isOwn ? 'held_by_own_order' : 'held_by_other';
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
    /** Counts the hold of a cart on this hostname for an account from now on; false if the cart does not hold it. */
    async assign(name: string, { tokenHash, accountId }: { tokenHash: string; accountId: string }): Promise<boolean> {
      const result = await model.updateOne(
        { _id: name, holder: 'quote', tokenHash, until: { $gt: nowDate() } },
        { $set: { accountId, takenAt: nowDate() } },
      );
      return result.matchedCount === 1;
    },
    /** Takes back `assign`: the hold counts as it did before. */
    async unassign(name: string, { tokenHash, ...before }: Pick<HostnameHold, 'tokenHash' | 'accountId' | 'takenAt'>) {
      const { accountId, takenAt } = before;
      await model.updateOne(
        { _id: name, holder: 'quote', tokenHash },
        { $set: { takenAt, ...(accountId ? { accountId } : {}) }, ...(accountId ? {} : { $unset: { accountId: 1 } }) },
      );
    },
    /**
     * Whether the hold on this hostname, which must exist, is within the limit of unpaid holds of its buyer. Takers
     * write their holds first and count afterwards, so that together they never keep more than `limit`: of those that
     * are too many, the last ones withdraw at once, and the others wait for that. The caller withdraws on false.
     */
    async isWithin(limit: number, name: string, of: HoldsOf): Promise<boolean> {
      // An instance's hold has no end, so it is not included.
      const open = () => ({ ...of, until: { $gt: nowDate() } });
      for (let read = 0; read < surplusReads; read += 1) {
        if (read > 0) await delay(surplusReadMs);
        const surplus = await model.collection.findOne(open() as never, { skip: limit, projection: { _id: 1 } });
        if (surplus === null) return true;
        const first = await model
          .find(open(), { _id: 1 })
          .sort({ takenAt: 1, _id: 1 })
          .limit(limit)
          .lean<{ _id: string }[]>();
        if (!first.some(({ _id }) => _id === name)) return false;
      }
      return false;
    },
    async removeExpired(): Promise<number> {
      const result = await model.deleteMany({ until: { $ne: null, $lte: nowDate() } });
      return result.deletedCount;
    },
  };
}
