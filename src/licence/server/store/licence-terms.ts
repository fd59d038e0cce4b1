import type { Model } from 'mongoose';
import type { EntitlementsPush } from '../../protocol/admin.ts';
import { type UpdateWindow, updatesUntil } from '../perpetual/fallback.ts';
import type { HeldStanding, Licence, Renewal } from './licence.ts';
import { type OutboxEvent, type OutboxItem, outboxPush, pushToOutbox } from './outbox.ts';

const after = { returnDocument: 'after' } as const;

/** Changes of what a licence grants and until when; each is one conditional update that also writes its events. */
export function licenceTerms(model: Model<Licence>) {
  return {
    /** Replaces the standing that was read, with its events; null if the licence changed meanwhile. */
    pushStanding: (
      held: Licence,
      standing: HeldStanding,
      recorded: { endRecorded: Licence['endRecorded']; items: OutboxItem[] },
    ): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          { _id: held._id, 'standing.revision': held.standing.revision, revokedAt: held.revokedAt },
          { $set: { standing, endRecorded: recorded.endRecorded ?? null }, ...pushToOutbox(...recorded.items) },
          after,
        )
        .lean<Licence>()
        .exec(),

    /** Replaces the entitlements that were read; null if the licence or its ledger changed or seats are being paid. */
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
            ...pushToOutbox(...items),
          },
          after,
        )
        .lean<Licence>()
        .exec();
    },

    /** Adds a renewal to the window that it was computed from; null if that changed meanwhile or the licence ended. */
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
          {
            $set: { 'perpetual.window': window.to, updatesEnd: updatesUntil(window.to), updatesEndRecorded: null },
            $push: { 'perpetual.renewals': renewal, ...outboxPush(items) },
          },
          after,
        )
        .lean<Licence>()
        .exec(),

    /** Raises the revision of every licence of the plan whose data changed; repeating it changes nothing. */
    async spreadPlan(product: string, plan: string, planDataRevision: number, event: OutboxEvent): Promise<number> {
      const spread = await model.updateMany(
        { product, plan, planDataRevision: { $lt: planDataRevision } },
        { $set: { planDataRevision }, $inc: { planRev: 1 }, ...pushToOutbox(event) },
      );
      return spread.modifiedCount;
    },

    /**
     * Ends the licence for good and empties its ledger; null if it was revoked before. Returns the licence before the
     * change.
     */
    revoke: (id: string, revokedAt: Date, revokedReason: string, items: OutboxItem[]): Promise<Licence | null> =>
      model
        .findOneAndUpdate(
          { _id: id, revokedAt: null },
          { $set: { revokedAt, revokedReason, seats: [] }, ...pushToOutbox(...items) },
          { returnDocument: 'before' },
        )
        .lean<Licence>()
        .exec(),

    /** Licences whose end is near and not recorded yet, or has passed and is at most recorded as near. */
    endingBefore: (before: Date, over: boolean) =>
      model
        .find({
          endRecorded: over ? { $in: [null, 'soon'] } : null,
          'standing.endsAt': { $lte: before },
          kind: 'subscription',
          revokedAt: null,
        })
        .limit(200)
        .lean<Licence[]>()
        .exec(),

    /** Perpetual licences whose updates end on one of these days, if that is not recorded yet. */
    updatesEnding: (days: { from: string; to: string }) =>
      model
        .find({ updatesEndRecorded: null, updatesEnd: { $gte: days.from, $lte: days.to }, revokedAt: null })
        .limit(200)
        .lean<Licence[]>()
        .exec(),

    /** Records that the end of updates is near; false if it was recorded, or if they were renewed meanwhile. */
    async recordUpdatesEnd({ _id, updatesEnd }: Licence, event: OutboxEvent | null): Promise<boolean> {
      const update = { $set: { updatesEndRecorded: updatesEnd }, ...pushToOutbox(event) };
      return (await model.updateOne({ _id, updatesEnd, updatesEndRecorded: null }, update)).modifiedCount === 1;
    },

    /** Records the end; false if the standing or what was recorded changed meanwhile. */
    async recordEnd(held: Licence, endRecorded: 'soon' | 'ended', event: OutboxEvent | null): Promise<boolean> {
      const still = { 'standing.revision': held.standing.revision, endRecorded: held.endRecorded ?? null };
      const recorded = await model.updateOne(
        { _id: held._id, ...still },
        { $set: { endRecorded }, ...pushToOutbox(event) },
      );
      return recorded.modifiedCount === 1;
    },
  };
}
