import { type Connection, Schema } from 'mongoose';
import type { EntitlementsPush, PerpetualTerms, RenewalPreview, Standing } from '../../protocol/admin.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import type { Features, Limits } from '../../protocol/verdict.ts';
import type { UpdateWindow } from '../fallback.ts';
import type { SealedText } from '../sealing.ts';
import { batched } from './batched.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { OfflineFile } from './offline-files.ts';
import {
  type AuditNote,
  indexOutbox,
  type News,
  newsPush,
  type OutboxItem,
  outboxField,
  telling,
  type WithOutbox,
} from './outbox.ts';

export interface HeldStanding {
  standing: Standing;
  revision: number;
  paidUntil: Date | null;
  endsAt: Date | null;
}

export interface Renewal extends RenewalPreview {
  /** Idempotency key of the call that brought it. */
  key: string;
  at: Date;
}

/** What makes a licence perpetual: the updates that were paid, and the terms on which it was sold. */
export interface PerpetualRight {
  window: UpdateWindow;
  /** One-time price of the licence; the amount is in minor units. */
  price: RenewalPreview['price'];
  terms: PerpetualTerms;
  /** Oldest first. */
  renewals: Renewal[];
}

/** A seat of the ledger: held by an activation or, as often as it has seats, by an offline file under the file's id. */
export interface Seat {
  activationId: string;
  mode: SeatMode;
  /** Until when an offline file holds it, and for which cluster or machine. */
  offline?: { until: Date; bound: string };
}

const clusterBound = (clusterId: string) => `cluster ${clusterId}`;

/** How the ledger names the cluster and the machine of a node or an offline file. */
export function boundsOf(about: {
  clusterId?: string | null | undefined;
  fingerprint?: string | null | undefined;
}): string[] {
  const { clusterId, fingerprint } = about;
  return [...(clusterId ? [clusterBound(clusterId)] : []), ...(fingerprint ? [`machine ${fingerprint}`] : [])];
}

/** Whether seats of this cluster must wait where the plan allows only one: a node or an offline file of another counts. */
export function isBoundElsewhere({ seats, clusterId }: Licence, cluster: string): boolean {
  const runsOnline = seats.some(({ offline }) => offline === undefined);
  const files = seats.flatMap(({ offline }) => (offline?.bound.startsWith(clusterBound('')) ? [offline.bound] : []));
  const boundOnline = runsOnline && typeof clusterId === 'string' && clusterId !== cluster;
  return boundOnline || files.some((bound) => bound !== clusterBound(cluster));
}

/** The same, as the condition of an update. */
function notBoundElsewhere(cluster: string) {
  const byFile = { 'offline.bound': { $regex: `^${clusterBound('')}`, $ne: clusterBound(cluster) } };
  const runsOnline = { offline: { $exists: false } };
  return {
    seats: { $not: { $elemMatch: byFile } },
    $or: [{ clusterId: { $in: [null, cluster] } }, { seats: { $not: { $elemMatch: runsOnline } } }],
  };
}

/** A seat that the file holds; all of them are the same. */
function seatOf(file: OfflineFile): Seat {
  const bound = boundsOf(file)[0] as string;
  return { activationId: file._id, mode: file.mode, offline: { until: file.expiresAt, bound } };
}

/**
 * The right to run a product, with the ledger of its seats inside: a seat is won and given back by one conditional
 * update of this document, so there is no counter that could drift.
 */
export interface Licence extends WithOutbox {
  _id: string;
  product: string;
  plan: string;
  kind: 'subscription' | 'perpetual';
  /** Null or absent for a subscription. */
  perpetual?: PerpetualRight | null;
  externalRef: string;
  /** Whose it is in the licence portal; null or absent = nobody's. */
  account?: string | null;
  /** Key of the call that issued it, and the hash of that call's body. */
  idempotencyKey: string;
  requestHash: string;
  keyHash: string;
  keyLast4: string;
  keyGeneration: number;
  /** The key itself, sealed, where the plan lets the portal show it again. */
  sealedKey?: SealedText | null;
  /** Idempotency key of the call that rotated the key last. */
  keyRotatedBy?: string | null;
  standing: HeldStanding;
  /** An operator's own stop, whatever the standing is; lifted only by an operator. */
  suspended?: { at: Date; reason: string } | null;
  revokedAt: Date | null;
  revokedReason: string | null;
  entitlementsRevision: number;
  /** What nodes are told as their revision. */
  planRev: number;
  /** Revision of the plan's data that planRev already counts. */
  planDataRevision: number;
  addOns: Record<string, number>;
  limits: Limits;
  features: Features;
  seatLimits: Record<SeatMode, number>;
  /** In the order in which they were won; a takeover keeps the place. */
  seats: Seat[];
  /** A change of seats whose money is being moved; no other one begins meanwhile. */
  seatChange?: SeatChange | null;
  /** Idempotency keys of the last changes of seats, newest last. */
  seatChangesDone?: string[];
  /** What was told of the end that is set; absent = nothing yet. */
  endTold?: 'soon' | 'ended' | null;
  /** The cluster that the running nodes are of, where the plan allows only one; counts while one holds a seat online. */
  clusterId?: string | null;
  /** Until when the licence was paid when its entitlements were last changed; absent when they never were. */
  changedAt?: { paidUntil: Date | null } | null;
  createdAt: Date;
}

export interface SeatChange {
  /** Idempotency key of the call that began it. */
  key: string;
  from: number;
  to: number;
  /** What the member agreed to pay now, in minor units; negative = comes back. */
  dueNow: { amount: number; currency: string };
  actor: string;
  at: Date;
}

const anything = { type: Schema.Types.Mixed, required: true };
const after = { returnDocument: 'after' } as const;

export function licenceStore(connection: Connection) {
  const schema = new Schema<Licence>(
    {
      _id: { type: String, required: true },
      product: { type: String, required: true },
      plan: { type: String, required: true },
      kind: { type: String, required: true },
      externalRef: { type: String, required: true, index: true },
      account: { type: String, default: null },
      idempotencyKey: { type: String, required: true, unique: true },
      requestHash: { type: String, required: true },
      keyHash: { type: String, required: true, unique: true },
      keyLast4: { type: String, required: true },
      keyGeneration: { type: Number, required: true },
      sealedKey: { type: Schema.Types.Mixed, default: null },
      keyRotatedBy: { type: String, default: null },
      standing: anything,
      suspended: { type: Schema.Types.Mixed, default: null },
      revokedAt: { type: Date, default: null },
      revokedReason: { type: String, default: null },
      entitlementsRevision: { type: Number, required: true },
      planRev: { type: Number, required: true },
      planDataRevision: { type: Number, required: true },
      addOns: anything,
      limits: anything,
      features: anything,
      seatLimits: anything,
      seats: anything,
      perpetual: { type: Schema.Types.Mixed, default: null },
      seatChange: { type: Schema.Types.Mixed, default: null },
      seatChangesDone: { type: [String], default: [] },
      endTold: String,
      outbox: outboxField,
      clusterId: { type: String, default: null },
      changedAt: { type: Schema.Types.Mixed, default: null },
      createdAt: { type: Date, required: true },
    },
    { collection: 'licences', versionKey: false, minimize: false },
  );
  schema.index({ product: 1, plan: 1 });
  schema.index({ account: 1, _id: 1 });
  schema.index({ endTold: 1, 'standing.endsAt': 1 });
  indexOutbox(schema);
  const model = connection.model<Licence>('Licence', schema);
  const find = batched<Licence>(
    (ids) =>
      model
        .find({ _id: { $in: ids } })
        .lean<Licence[]>()
        .exec(),
    ({ _id }) => _id,
  );

  async function handOffline(id: string, still: object, from: string, to: OfflineFile): Promise<boolean> {
    const handed = await model.updateOne(
      { _id: id, ...still, 'seats.activationId': from },
      // One path: of two, the second finds nothing where a database looks anew for the id that the first one changed.
      { $set: { 'seats.$[held]': seatOf(to) } },
      { arrayFilters: [{ 'held.activationId': from }] },
    );
    return handed.modifiedCount === 1;
  }

  return {
    model,
    find,
    byKeyHash: batched<Licence>(
      (hashes) =>
        model
          .find({ keyHash: { $in: hashes } })
          .lean<Licence[]>()
          .exec(),
      ({ keyHash }) => keyHash,
    ),
    byIdempotencyKey: (idempotencyKey: string) => model.findOne({ idempotencyKey }).lean<Licence>().exec(),
    byExternalRef: (externalRef: string) =>
      model.find({ externalRef }).sort({ createdAt: 1 }).limit(100).lean<Licence[]>().exec(),

    /** A page of the licences that were not revoked, by id. */
    page: (after: string, limit: number) =>
      model
        .find({ _id: { $gt: after }, revokedAt: null })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Licence[]>()
        .exec(),

    /** A page of what an account has, revoked ones too, by id. */
    ofAccount: (account: string, after: string, limit: number) =>
      model
        .find({ account, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<Licence[]>()
        .exec(),

    /**
     * Changes the licence if it still is what the filter says; null when it no longer is. Answers the licence before the
     * change.
     */
    change: (id: string, still: Record<string, unknown>, update: Record<string, unknown>): Promise<Licence | null> =>
      model
        .findOneAndUpdate({ _id: id, ...still }, update, { returnDocument: 'before' })
        .lean<Licence>()
        .exec(),

    /** False when the idempotency key was used before. */
    async insert(licence: Licence): Promise<boolean> {
      try {
        await model.create(licence);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },

    /** Replaces the standing that was read, with what is told of it; null when the licence changed meanwhile. */
    pushStanding: (
      held: Licence,
      standing: HeldStanding,
      told: { endTold: Licence['endTold']; items: OutboxItem[] },
    ): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          { _id: held._id, 'standing.revision': held.standing.revision, revokedAt: held.revokedAt },
          { $set: { standing, endTold: told.endTold ?? null }, ...telling(...told.items) },
          after,
        )
        .lean<Licence>()
        .exec(),

    /** Replaces the entitlements that were read; null when the licence or its ledger changed or seats are being paid. */
    pushEntitlements(
      held: Licence,
      push: EntitlementsPush,
      planDataRevision: number,
      items: OutboxItem[],
    ): Promise<Licence | null> {
      const { revision, plan, seats, developmentSeats, addOns, limits, features } = push;
      return model
        .findOneAndUpdate(
          {
            _id: held._id,
            entitlementsRevision: held.entitlementsRevision,
            revokedAt: null,
            seatChange: null,
            seats: { $size: held.seats.length },
          },
          {
            $set: {
              entitlementsRevision: revision,
              planDataRevision,
              changedAt: { paidUntil: held.standing.paidUntil },
              plan,
              addOns,
              limits,
              features,
              seatLimits: { production: seats, development: developmentSeats },
            },
            $inc: { planRev: 1 },
            ...telling(...items),
          },
          after,
        )
        .lean<Licence>()
        .exec();
    },

    /** Adds a renewal to the window that it was reckoned from; null when that changed meanwhile or the licence ended. */
    renew: (
      id: string,
      window: { from: UpdateWindow; to: UpdateWindow },
      renewal: Renewal,
      items: OutboxItem[],
    ): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          {
            _id: id,
            revokedAt: null,
            'perpetual.window.from': window.from.from,
            'perpetual.window.years': window.from.years,
            'perpetual.renewals.key': { $ne: renewal.key },
          },
          { $set: { 'perpetual.window': window.to }, $push: { 'perpetual.renewals': renewal, ...newsPush(items) } },
          after,
        )
        .lean<Licence>()
        .exec(),

    /** Tells every licence of the plan that its data changed; repeated, it changes nothing more. */
    async spreadPlan(product: string, plan: string, planDataRevision: number, news: News): Promise<number> {
      const spread = await model.updateMany(
        { product, plan, planDataRevision: { $lt: planDataRevision } },
        { $set: { planDataRevision }, $inc: { planRev: 1 }, ...telling(news) },
      );
      return spread.modifiedCount;
    },

    /** Ends the licence for good and empties its ledger; null when it was revoked before. Answers the licence before. */
    revoke: (id: string, revokedAt: Date, revokedReason: string, items: OutboxItem[]): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          { _id: id, revokedAt: null },
          { $set: { revokedAt, revokedReason, seats: [] }, ...telling(...items) },
          { returnDocument: 'before' },
        )
        .lean<Licence>()
        .exec(),

    /** Licences whose end is within reach and was not told yet, or is over and was told at most as coming. */
    endingBefore: (before: Date, over: boolean) =>
      model
        .find({
          endTold: over ? { $in: [null, 'soon'] } : null,
          'standing.endsAt': { $lte: before },
          kind: 'subscription',
          revokedAt: null,
        })
        .limit(200)
        .lean<Licence[]>()
        .exec(),

    /** Notes that the end was told; false when standing or what was told changed meanwhile. */
    async tellEnd(held: Licence, endTold: 'soon' | 'ended', news: News | null): Promise<boolean> {
      const still = { 'standing.revision': held.standing.revision, endTold: held.endTold ?? null };
      const told = await model.updateOne({ _id: held._id, ...still }, { $set: { endTold }, ...telling(news) });
      return told.modifiedCount === 1;
    },

    /**
     * The one update that wins a seat: null when the licence may not give one, all are taken, or a cluster is given and
     * the licence is bound to another one.
     */
    pushSeat: (
      licence: Licence,
      activationId: string,
      { mode, bounds, clusterId }: { mode: SeatMode; bounds: string[]; clusterId: string | undefined },
    ): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          {
            _id: licence._id,
            revokedAt: null,
            suspended: null,
            planRev: licence.planRev,
            'standing.revision': licence.standing.revision,
            'seats.activationId': { $ne: activationId },
            'seats.offline.bound': { $nin: bounds },
            $expr: {
              $lt: [
                { $size: { $filter: { input: '$seats', cond: { $eq: ['$$this.mode', mode] } } } },
                licence.seatLimits[mode],
              ],
            },
            ...(clusterId === undefined ? {} : notBoundElsewhere(clusterId)),
          },
          {
            $push: { seats: { activationId, mode } },
            ...(clusterId === undefined ? {} : { $set: { clusterId } }),
          },
          after,
        )
        .lean<Licence>()
        .exec(),

    /** Hands a seat from one activation to another; null when the first did not hold one of this mode. */
    swapSeat: (
      id: string,
      from: string,
      to: { activationId: string; mode: SeatMode },
      note: AuditNote,
    ): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          { _id: id, revokedAt: null, seats: { $elemMatch: { activationId: from, mode: to.mode } } },
          { $set: { 'seats.$[held].activationId': to.activationId }, ...telling(note) },
          { ...after, arrayFilters: [{ 'held.activationId': from }] },
        )
        .lean<Licence>()
        .exec(),

    /**
     * Wins all seats of an offline file at once; false when they are not free, the licence changed meanwhile, or a
     * cluster is given and the licence is bound to another one.
     */
    async pushOffline(
      licence: Licence,
      file: OfflineFile,
      { bound, clusterId }: { bound: string; clusterId: string | undefined },
    ): Promise<boolean> {
      const { _id: activationId, mode, seats } = file;
      const inUse = { $size: { $filter: { input: '$seats', cond: { $eq: ['$$this.mode', mode] } } } };
      const won = await model.updateOne(
        {
          _id: licence._id,
          revokedAt: null,
          suspended: null,
          planRev: licence.planRev,
          'standing.revision': licence.standing.revision,
          'seats.activationId': { $ne: activationId },
          'seats.offline.bound': { $ne: bound },
          $expr: { $lte: [{ $add: [inUse, seats] }, licence.seatLimits[mode]] },
          ...(clusterId === undefined ? {} : notBoundElsewhere(clusterId)),
        },
        {
          $push: { seats: { $each: Array.from({ length: seats }, () => seatOf(file)) } },
          ...(clusterId === undefined ? {} : { $set: { clusterId } }),
        },
      );
      return won.modifiedCount === 1;
    },

    /** Hands the seats of an offline file to the one that follows it; false when it did not hold them. */
    renewOffline: (id: string, from: string, to: OfflineFile) =>
      handOffline(id, { revokedAt: null, suspended: null }, from, to),
    /** Hands them back, also where the licence was stopped meanwhile; false when it did not hold them. */
    returnOffline: (id: string, from: string, to: OfflineFile) => handOffline(id, {}, from, to),

    /** True when there was a seat to give back. */
    async pullSeat(id: string, activationId: string, note: AuditNote | null = null): Promise<boolean> {
      const pulled = await model.updateOne(
        { _id: id, 'seats.activationId': activationId },
        { $pull: { seats: { activationId } }, ...telling(note) },
      );
      return pulled.modifiedCount === 1;
    },
  };
}
