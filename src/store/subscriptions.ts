import { type Connection, Schema } from 'mongoose';
import type { SubscriptionStatus, SubscriptionSubject } from '../contracts/subscription.ts';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';
import type { SubscriptionRecord } from './records.ts';

/**
 * Subscriptions: one for each server or licence that is billed by period; they outlive the order that created them.
 * Created by create-subscription, begun by mark-ready, and updated from Stripe by their own workflow.
 */
export function subscriptionStore(connection: Connection) {
  const text = { type: String, required: true };
  const mixed = { type: Schema.Types.Mixed };
  const schema = new Schema<SubscriptionRecord>(
    {
      _id: text,
      accountId: { ...text, index: true },
      orderId: { ...text, index: true },
      subject: { ...mixed, required: true },
      customerId: text,
      stripeId: { ...text, unique: true },
      items: { ...mixed, required: true },
      cycle: text,
      paymentMethod: text,
      status: text,
      period: mixed,
      paidUntil: Date,
      begunAt: Date,
      startDueAt: Date,
      createdAt: { type: Date, required: true },
    },
    { collection: 'subscriptions', minimize: false },
  );
  schema.index({ 'subject.kind': 1, 'subject.id': 1 }, { unique: true });
  schema.index({ startDueAt: 1 }, { sparse: true });
  const model = connection.model<SubscriptionRecord>('Subscription', schema);

  async function findBySubject({ kind, id }: SubscriptionSubject): Promise<SubscriptionRecord | null> {
    return model.findOne({ 'subject.kind': kind, 'subject.id': id }).lean<SubscriptionRecord>();
  }

  return {
    model,
    findBySubject,
    /** Creates the record; a no-op where its subject has one already. */
    async open(subscription: SubscriptionRecord): Promise<void> {
      try {
        await insertPlain(model, subscription);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
    async find(id: string): Promise<SubscriptionRecord | null> {
      return model.findById(id).lean<SubscriptionRecord>();
    },
    async findByStripeId(stripeId: string): Promise<SubscriptionRecord | null> {
      return model.findOne({ stripeId }).lean<SubscriptionRecord>();
    },
    /** The order is delivered: its subscription becomes active. Returns it; null when there is none. */
    async begin(subject: SubscriptionSubject): Promise<SubscriptionRecord | null> {
      const at = nowDate();
      await model.updateOne(
        { 'subject.kind': subject.kind, 'subject.id': subject.id, begunAt: null },
        { $set: { begunAt: at, startDueAt: at } },
      );
      return findBySubject(subject);
    },
    /** Active ones whose workflow is not known to run; 100 at most. */
    async notStarted(): Promise<SubscriptionRecord[]> {
      return model
        .find({ startDueAt: { $ne: null } })
        .limit(100)
        .lean<SubscriptionRecord[]>();
    },
    async markStarted(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $unset: { startDueAt: 1 } });
    },
    /** Records what Stripe holds; paid-until never moves back. */
    async note(
      id: string,
      { paidUntil, ...held }: Pick<SubscriptionRecord, 'status' | 'items' | 'period' | 'paidUntil'>,
    ): Promise<void> {
      await model.updateOne({ _id: id }, { $set: held, ...(paidUntil ? { $max: { paidUntil } } : {}) });
    },
    async noteStatus(stripeId: string, status: SubscriptionStatus): Promise<void> {
      await model.updateOne({ stripeId }, { $set: { status } });
    },
  };
}
