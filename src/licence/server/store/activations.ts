import { type Connection, Schema } from 'mongoose';
import type { ActivationStatus } from '../../protocol/admin.ts';
import type { SeatMode, WireNode } from '../../protocol/requests.ts';
import type { RotationState } from '../activations/rotation.ts';
import { batched } from './batched.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** How the current secret was derived; the secret itself is not stored. */
export interface HeldSecret {
  hash: string;
  seq: number;
  requestId: string;
  keyId: string;
}

/**
 * One running node that holds, held or requests a seat. Lease and secret are stored here, so checks never write the
 * licence.
 */
export interface Activation extends RotationState, WithOutbox {
  _id: string;
  licenceId: string;
  product: string;
  chosenId: string;
  mode: SeatMode;
  node: WireNode;
  /** Identity of the node: its name within its cluster. */
  nodeKey: string;
  bootId: string | null;
  version: string | null;
  status: ActivationStatus;
  secret: HeldSecret;
  previous: (NonNullable<RotationState['previous']> & { planRevSent: number }) | null;
  leaseUntil: Date;
  createdAt: Date;
  /**
   * Set while something is unfinished: since it last requested its seat while pending, and from its end until its seat
   * was released. This finds what a crash interrupted.
   */
  unfinishedSince?: Date;
  activatedAt: Date | null;
  endedAt: Date | null;
  firstCheckAt: Date | null;
  lastCheckAt: Date | null;
  planRevSent: number;
  usage: Record<string, number>;
  recoveries: Date[];
  cloneSuspectedAt: Date | null;
  /** The last request with an older state, until somebody decides which of the two continues. */
  refusedCopy?: { hash: string; bootId: string | null; address: string; at: Date } | null;
  /** When it was last audited that the licence does not cover its version; absent if never. */
  versionRefusedAt?: Date;
  /** When it last showed that it runs: activated, checked or was refused; absent before it was activated. */
  seenAt?: Date | null;
  /** The event recorded about its silence; absent or null while it checks. */
  alarm?: 'silent' | 'grace-risk' | null;
}

export const historyLength = 16;

/** Identity of a node within a licence. */
export function nodeKey(node: WireNode): string {
  return JSON.stringify([node.name, node.clusterId ?? null]);
}

/** Whether it was started, never finished, and swept; then nothing of it is valid any more. */
export function wasSwept({ status, activatedAt }: Pick<Activation, 'status' | 'activatedAt'>): boolean {
  return status === 'expired' && activatedAt === null;
}

const anything = { type: Schema.Types.Mixed };
const after = { returnDocument: 'after' } as const;

interface End {
  from: ActivationStatus;
  to: ActivationStatus;
  endedAt: Date;
  /** Absent if the event of the change is recorded elsewhere. */
  note?: AuditNote;
}

function ending({ from, to, endedAt, note, holdsSeat }: End & { holdsSeat: boolean }) {
  const released = { type: 'seat.released', key: '', at: endedAt, details: { how: to } } as const;
  return {
    $set: { status: to, endedAt, ...(holdsSeat ? { unfinishedSince: endedAt } : {}) },
    ...(holdsSeat ? {} : { $unset: { unfinishedSince: 1 } }),
    ...pushToOutbox(from === 'active' ? released : null, note ?? null),
  };
}

export function activationStore(connection: Connection) {
  const schema = new Schema<Activation>(
    {
      _id: { type: String, required: true },
      licenceId: { type: String, required: true },
      product: { type: String, required: true },
      chosenId: { type: String, required: true },
      mode: { type: String, required: true },
      node: anything,
      nodeKey: { type: String, required: true },
      bootId: { type: String, default: null },
      version: { type: String, default: null },
      status: { type: String, required: true },
      secret: anything,
      previous: anything,
      lastRoundReplayed: { type: Boolean, default: false },
      history: { type: [String], default: [] },
      boots: { type: [String], default: [] },
      leaseUntil: Date,
      createdAt: { type: Date, required: true },
      unfinishedSince: Date,
      activatedAt: Date,
      endedAt: Date,
      firstCheckAt: Date,
      lastCheckAt: Date,
      planRevSent: Number,
      usage: anything,
      recoveries: { type: [Date], default: [] },
      cloneSuspectedAt: Date,
      refusedCopy: { type: Schema.Types.Mixed, default: null },
      versionRefusedAt: Date,
      seenAt: Date,
      alarm: String,
      outbox: outboxField,
    },
    { collection: 'activations', versionKey: false, minimize: false },
  );
  schema.index({ licenceId: 1, chosenId: 1 }, { unique: true });
  schema.index({ licenceId: 1, nodeKey: 1, status: 1 });
  schema.index({ licenceId: 1, activatedAt: 1 });
  schema.index({ licenceId: 1, _id: 1 });
  schema.index({ status: 1, alarm: 1, seenAt: 1 });
  indexOutbox(schema);
  schema.index({ licenceId: 1, status: 1, endedAt: 1 });
  schema.index({ unfinishedSince: 1 }, { sparse: true });
  const model = connection.model<Activation>('Activation', schema);

  type Change = Record<string, unknown>;
  /** Changes the activation if it still matches the filter; null if it no longer does. */
  const change = (id: string, still: Change, update: Change): Promise<Activation | null> =>
    model
      .findOneAndUpdate({ _id: id, ...still }, update, after)
      .lean<Activation>()
      .exec();

  return {
    model,
    change,
    find: batched<Activation>(
      (ids) =>
        model
          .find({ _id: { $in: ids } })
          .lean<Activation[]>()
          .exec(),
      ({ _id }) => _id,
    ),
    findMany: (ids: string[]) =>
      model
        .find({ _id: { $in: ids } })
        .lean<Activation[]>()
        .exec(),
    /** The fields of these activations that decide about their seats. */
    holders: (ids: string[]) =>
      model
        .find({ _id: { $in: ids } }, { status: 1, leaseUntil: 1, activatedAt: 1 })
        .lean<Pick<Activation, '_id' | 'status' | 'leaseUntil' | 'activatedAt'>[]>()
        .exec(),
    /** Of these, the running and pending ones, those with the shortest lease first. */
    seatedSoonestEnd: (ids: string[], limit: number) =>
      model
        .find({ _id: { $in: ids }, status: { $in: ['active', 'pending'] } })
        .sort({ leaseUntil: 1 })
        .limit(limit)
        .lean<Activation[]>()
        .exec(),
    byChosenId: (licenceId: string, chosenId: string) =>
      model.findOne({ licenceId, chosenId }).lean<Activation>().exec(),
    /** The other activations of the same node that run or are pending. */
    ofSameNode: (request: Pick<Activation, '_id' | 'licenceId' | 'nodeKey' | 'mode'>) =>
      model
        .find({
          licenceId: request.licenceId,
          nodeKey: request.nodeKey,
          status: { $in: ['active', 'pending'] },
          mode: request.mode,
          _id: { $ne: request._id },
        })
        .lean<Activation[]>()
        .exec(),
    /** A page of the nodes of a licence, by id, without pending ones. */
    page: (licenceId: string, statuses: ActivationStatus[], after: string, limit: number) =>
      model
        .find({ licenceId, _id: { $gt: after }, status: { $in: statuses } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Activation[]>()
        .exec(),
    /** The first nodes of these licences, by licence and id. */
    first: (licenceIds: string[], statuses: ActivationStatus[], limit: number) =>
      model
        .find({ licenceId: { $in: licenceIds }, status: { $in: statuses } })
        .sort({ licenceId: 1, _id: 1 })
        .limit(limit)
        .lean<Activation[]>()
        .exec(),
    /** Newest first. */
    ofLicence: (licenceId: string) =>
      model.find({ licenceId }).sort({ createdAt: -1 }).limit(1000).lean<Activation[]>().exec(),
    activatedSince: (licenceId: string, since: Date) =>
      model.countDocuments({ licenceId, activatedAt: { $gte: since } }).exec(),
    /** When activations of this node were replaced after then, the latest first. */
    replacedSince: async (licenceId: string, key: string, since: Date, limit: number): Promise<Date[]> => {
      const replaced = await model
        .find({ licenceId, nodeKey: key, status: 'replaced', endedAt: { $gt: since } }, { endedAt: 1 })
        .sort({ endedAt: -1 })
        .limit(limit)
        .lean<{ endedAt: Date }[]>()
        .exec();
      return replaced.map(({ endedAt }) => endedAt);
    },
    deactivatedSince: (licenceId: string, since: Date) =>
      model.countDocuments({ licenceId, status: 'deactivated', endedAt: { $gte: since } }).exec(),
    unfinishedBefore: (before: Date) =>
      model
        .find({ unfinishedSince: { $lt: before } })
        .limit(100)
        .lean<Activation[]>()
        .exec(),

    /** False if the node's chosen id was used before on this licence. */
    async insert(activation: Activation): Promise<boolean> {
      try {
        await model.create(activation);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /**
     * Ends it and, if it was active, records the event; null if its status is no longer the given one. The caller then
     * releases its seat and calls `settled`.
     */
    end: (id: string, end: End, still: Change = {}) =>
      change(id, { status: end.from, ...still }, ending({ ...end, holdsSeat: true })),
    /**
     * Ends an activation whose seat another one of the same node has taken over, even if it becomes active meanwhile.
     */
    async replaced({ _id, status }: Pick<Activation, '_id' | 'status'>, endedAt: Date): Promise<void> {
      for (const from of status === 'pending' ? (['pending', 'active'] as const) : (['active'] as const)) {
        const update = ending({ from, to: 'replaced', endedAt, holdsSeat: false });
        if ((await change(_id, { status: from }, update)) !== null) return;
      }
    },
    /** Records that an ended activation has no seat any more. */
    async settled(id: string): Promise<void> {
      await model.updateOne({ _id: id, endedAt: { $ne: null } }, { $unset: { unfinishedSince: 1 } });
    },
    /** Ends all of a licence whose ledger is empty. */
    async endAll(licenceId: string, to: ActivationStatus, endedAt: Date): Promise<number> {
      let ended = 0;
      for (const from of ['pending', 'active'] as const) {
        const update = ending({ from, to, endedAt, holdsSeat: false });
        ended += (await model.updateMany({ licenceId, status: from }, update)).modifiedCount;
      }
      return ended;
    },
    /** Active ones last seen before then, with this alarm; streamed, because there may be many. */
    silentSince: (before: Date, alarm: 'silent' | null): AsyncIterable<Activation> =>
      model
        .find({ status: 'active', alarm, seenAt: { $lt: before } })
        .lean<Activation[]>()
        .cursor() as unknown as AsyncIterable<Activation>,
    /** Deletes a pending request that took no seat, unless the same request was repeated meanwhile. */
    async forgetPending({ _id, unfinishedSince }: Activation): Promise<void> {
      await model.deleteOne({ _id, status: 'pending', unfinishedSince });
    },
    /** Deletes a swept activation, so that its node may start again with the same chosen id. */
    async forget(id: string): Promise<void> {
      await model.deleteOne({ _id: id, status: 'expired', activatedAt: null });
    },
    /** Deletes an activation whose licence is gone. */
    async remove(id: string): Promise<void> {
      await model.deleteOne({ _id: id });
    },
  };
}
