import type { Model } from 'mongoose';
import type { SeatMode } from '../../protocol/requests.ts';
import type { Licence, Seat } from './licence.ts';
import type { OfflineFile } from './offline-files.ts';
import { type AuditNote, pushToOutbox } from './outbox.ts';

const clusterBound = (clusterId: string) => `cluster ${clusterId}`;

/** How the ledger identifies the cluster and the machine of a node or an offline file. */
export function boundsOf(about: {
  clusterId?: string | null | undefined;
  fingerprint?: string | null | undefined;
}): string[] {
  const { clusterId, fingerprint } = about;
  return [...(clusterId ? [clusterBound(clusterId)] : []), ...(fingerprint ? [`machine ${fingerprint}`] : [])];
}

/**
 * Whether a plan with only one cluster refuses seats for this cluster: a node or an offline file of another one holds
 * seats.
 */
export function isBoundElsewhere({ seats, clusterId }: Licence, cluster: string): boolean {
  const runsOnline = seats.some(({ offline }) => offline === undefined);
  const files = seats.flatMap(({ offline }) => (offline?.bound.startsWith(clusterBound('')) ? [offline.bound] : []));
  const boundOnline = runsOnline && typeof clusterId === 'string' && clusterId !== cluster;
  return boundOnline || files.some((bound) => bound !== clusterBound(cluster));
}

/** The same as an update condition. */
function notBoundElsewhere(cluster: string) {
  const byFile = { 'offline.bound': { $regex: `^${clusterBound('')}`, $ne: clusterBound(cluster) } };
  const runsOnline = { offline: { $exists: false } };
  return {
    seats: { $not: { $elemMatch: byFile } },
    $or: [{ clusterId: { $in: [null, cluster] } }, { seats: { $not: { $elemMatch: runsOnline } } }],
  };
}

/** A seat held by the file; all of them are equal. */
function seatOf(file: OfflineFile): Seat {
  const bound = boundsOf(file)[0] as string;
  return { activationId: file._id, mode: file.mode, offline: { until: file.expiresAt, bound } };
}

const after = { returnDocument: 'after' } as const;

/** The ledger of seats inside the licence document: each change of it is one conditional update. */
export function seatLedger(model: Model<Licence>) {
  async function handOffline(id: string, still: object, from: string, to: OfflineFile): Promise<boolean> {
    const handed = await model.updateOne(
      { _id: id, ...still, 'seats.activationId': from },
      // One path: of two, the second finds nothing on a database that searches again for the id that the first one
      // changed.
      { $set: { 'seats.$[held]': seatOf(to) } },
      { arrayFilters: [{ 'held.activationId': from }] },
    );
    return handed.modifiedCount === 1;
  }

  return {
    /**
     * The one update that takes a seat: null if the licence may not grant one, all are taken, or a cluster is given and
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

    /** Passes a seat from one activation to another; null if the first did not hold one of this mode. */
    swapSeat: (
      id: string,
      from: string,
      to: { activationId: string; mode: SeatMode },
      note: AuditNote,
    ): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          { _id: id, revokedAt: null, seats: { $elemMatch: { activationId: from, mode: to.mode } } },
          { $set: { 'seats.$[held].activationId': to.activationId }, ...pushToOutbox(note) },
          { ...after, arrayFilters: [{ 'held.activationId': from }] },
        )
        .lean<Licence>()
        .exec(),

    /**
     * Takes all seats of an offline file at once; false if they are not free, the licence changed meanwhile, or a
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

    /** Passes the seats of an offline file to the one that follows it; false if it did not hold them. */
    renewOffline: (id: string, from: string, to: OfflineFile) =>
      handOffline(id, { revokedAt: null, suspended: null }, from, to),
    /** Returns them, even if the licence was stopped meanwhile; false if it did not hold them. */
    returnOffline: (id: string, from: string, to: OfflineFile) => handOffline(id, {}, from, to),

    /** True if there was a seat to release. */
    async pullSeat(id: string, activationId: string, note: AuditNote | null = null): Promise<boolean> {
      const pulled = await model.updateOne(
        { _id: id, 'seats.activationId': activationId },
        { $pull: { seats: { activationId } }, ...pushToOutbox(note) },
      );
      return pulled.modifiedCount === 1;
    },
  };
}
