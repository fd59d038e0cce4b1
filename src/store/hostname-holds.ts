import { type Connection, Schema } from 'mongoose';
import { today } from '../contracts/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/**
 * Who has a name: a quote or an order for a time, or an instance for good (`until` null).
 * The name itself is the primary key, so of two takers exactly one wins. Names are unique across clouds.
 */
export interface HostnameHold {
  _id: string;
  holder: 'quote' | 'order' | 'instance';
  holderId: string;
  /** Hash of the secret hold token; who knows the token may take the hold over. */
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
        holderId: { type: String, required: true, index: true },
        tokenHash: { type: String, required: true, index: true },
        accountId: { type: String, index: true },
        ip: { type: String, index: true },
        until: { type: Date, default: null, index: true },
      },
      { collection: 'hostname-holds' },
    ),
  );

  /**
   * Takes a name that is free, whose hold has ended, that the taker holds already, or that a quote holds whose token
   * the taker knows. The hold of an order is its own: a later quote of the same cart does not take it away.
   */
  async function take(hold: HostnameHold): Promise<HoldOutcome> {
    const { _id, ...rest } = hold;
    const ownCart = { tokenHash: hold.tokenHash, holder: 'quote' as const };
    const free = { $or: [{ holderId: hold.holderId }, ownCart, { until: { $ne: null, $lte: today() } }] };
    const taken = await model.updateOne({ _id, holder: { $ne: 'instance' }, ...free }, { $set: rest });
    if (taken.matchedCount === 1) return 'held';
    try {
      await model.create(hold);
      return 'held';
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const current = await model.findById(_id).lean<HostnameHold>();
    if (!current) return take(hold);
    if (current.holder === 'quote' && current.tokenHash === hold.tokenHash) return take(hold);
    return current.holder === 'instance' ? 'taken_by_instance' : 'held_by_other';
  }

  return {
    model,
    take,
    async find(name: string): Promise<HostnameHold | null> {
      return model.findById(name).lean<HostnameHold>();
    },
    /** Ends every hold of a token except on `keep`, so that one cart counts as one hold. */
    async releaseOthers(tokenHash: string, keep: string): Promise<void> {
      await model.deleteMany({ tokenHash, holder: 'quote', _id: { $ne: keep } });
    },
    /** Moves the end of a hold, while the holder still has the name; false when it lost the name. */
    async extend(name: string, holderId: string, until: Date): Promise<boolean> {
      const result = await model.updateOne({ _id: name, holderId, holder: { $ne: 'instance' } }, { $set: { until } });
      return result.matchedCount === 1;
    },
    /** Hands the name from the order to its instance, for good; false when the order no longer has it. */
    async own(name: string, orderId: string, instanceId: string): Promise<boolean> {
      const result = await model.updateOne(
        { _id: name, holderId: { $in: [orderId, instanceId] } },
        { $set: { holder: 'instance', holderId: instanceId, until: null } },
      );
      return result.matchedCount === 1;
    },
    /** Frees the name if one of these holders still has it; nothing happens otherwise. */
    async release(name: string, holderIds: readonly string[]): Promise<void> {
      await model.deleteOne({ _id: name, holderId: { $in: holderIds } });
    },
    /** Unpaid holds that count against the limits, beside the one on `except`. */
    async countOpen({ except, ...filter }: { accountId?: string; ip?: string; except?: string }): Promise<number> {
      const others = except === undefined ? {} : { _id: { $ne: except } };
      return model.countDocuments({ ...filter, ...others, holder: { $ne: 'instance' }, until: { $gt: today() } });
    },
    async removeExpired(): Promise<number> {
      const result = await model.deleteMany({ holder: { $ne: 'instance' }, until: { $ne: null, $lte: today() } });
      return result.deletedCount;
    },
  };
}
