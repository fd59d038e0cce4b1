import { type Connection, Schema } from 'mongoose';
import type { OrderInvoice, OrderPayment, PaymentChallenge } from '../contracts/order-payment.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import { endedOrderStates, OrderState, orderHasEnded } from '../contracts/states.ts';
import type { AddressCorrection } from '../domain/billing/address-correction.ts';
import { statesBefore } from '../domain/billing/order-rules.ts';
import { now, nowDate } from '../runtime/clock.ts';
import { insertPlain } from './insert-plain.ts';
import { type Newest, type NewestPage, newestFirst } from './newest-first.ts';
import type { OrderRecord } from './records.ts';

/** Fields by which operators find orders, beside those that are indexed anyway. */
const searched = [
  'operationId',
  'billingEmail',
  'adminEmail',
  'quote.subject.hostname',
  'quote.subject.name',
  'payment.customerId',
  'invoiceIds',
] as const;

/** What operators search orders by; a field with several values matches any of them. */
export type OrderSearch = Partial<
  Record<
    | (typeof searched)[number]
    | '_id'
    | 'quoteId'
    | 'accountId'
    | 'instanceId'
    | 'payment.subscriptionId'
    | 'payment.paymentIntentId',
    readonly string[]
  >
>;

/** Orders: one per quote, one per Idempotency-Key; every change of state is a compare-and-set. */
export function orderStore(connection: Connection) {
  const schema = new Schema<OrderRecord>(
    {
      _id: { type: String, required: true },
      quoteId: { type: String, required: true, unique: true },
      idempotencyScope: { type: String, required: true },
      idempotencyKey: { type: String, required: true },
      bodyHash: { type: String, required: true },
      cartHash: { type: String, required: true, index: true },
      accountId: { type: String, required: true, index: true },
      memberId: String,
      instanceId: { type: String, required: true, unique: true },
      operationId: { type: String, required: true },
      capabilityHash: { type: String, required: true },
      state: { type: String, required: true, index: true },
      reason: String,
      quote: { type: Schema.Types.Mixed, required: true },
      paymentMethod: { type: String, required: true },
      adminEmail: { type: String, required: true },
      billingEmail: { type: String, required: true },
      corrections: { type: Schema.Types.Mixed },
      addressProvenAt: Date,
      billing: { type: Schema.Types.Mixed, required: true },
      payment: { type: Schema.Types.Mixed },
      invoiceIds: { type: [String], required: true },
      declines: { type: Number, required: true },
      challenges: { type: [String], default: undefined },
      refusedChallenges: { type: [String], default: undefined },
      paid: { type: Number, required: true },
      refunded: { type: Number, required: true },
      paidOutside: Number,
      acceptedAt: Date,
      invoice: { type: Schema.Types.Mixed },
      startedAt: Date,
      createdAt: { type: Date, required: true },
      endedAt: Date,
      moneyReadAt: Date,
    },
    { collection: 'orders', minimize: false },
  );
  schema.index({ idempotencyScope: 1, idempotencyKey: 1 }, { unique: true });
  schema.index({ moneyReadAt: 1 }, { sparse: true });
  schema.index({ createdAt: -1, _id: -1 });
  for (const field of searched) schema.index({ [field]: 1 });
  schema.index({ 'payment.subscriptionId': 1 });
  schema.index({ 'payment.paymentIntentId': 1 });
  const model = connection.model<OrderRecord>('Order', schema);

  return {
    model,
    async insert(order: OrderRecord): Promise<void> {
      await insertPlain(model, order);
    },
    async find(id: string): Promise<OrderRecord | null> {
      return model.findById(id).lean<OrderRecord>();
    },
    async findByIdempotencyKey(scope: string, key: string): Promise<OrderRecord | null> {
      return model.findOne({ idempotencyScope: scope, idempotencyKey: key }).lean<OrderRecord>();
    },
    async findByQuote(quoteId: string): Promise<OrderRecord | null> {
      return model.findOne({ quoteId }).lean<OrderRecord>();
    },
    /** The orders of a cart, newest first. */
    async ofCart(cartHash: string, limit: number): Promise<OrderRecord[]> {
      return model.find({ cartHash }).sort({ createdAt: -1 }).limit(limit).lean<OrderRecord[]>();
    },
    /** The order of a Stripe object, by subscription or payment intent. */
    async findByPayment(ids: { subscriptionId?: string; paymentIntentId?: string }): Promise<OrderRecord | null> {
      if (ids.subscriptionId) {
        const bySubscription = await model
          .findOne({ 'payment.subscriptionId': ids.subscriptionId })
          .lean<OrderRecord>();
        if (bySubscription) return bySubscription;
      }
      if (!ids.paymentIntentId) return null;
      return model.findOne({ 'payment.paymentIntentId': ids.paymentIntentId }).lean<OrderRecord>();
    },
    /** Newest first. */
    async list(filter: { accountId?: string; state?: OrderState }, limit: number): Promise<OrderRecord[]> {
      return model.find(filter).sort({ createdAt: -1 }).limit(limit).lean<OrderRecord[]>();
    },
    /** A page of them, newest first. */
    async newest(filter: { accountId?: string; state?: OrderState }, page: NewestPage): Promise<Newest<OrderRecord>> {
      return newestFirst<OrderRecord>(model, { filter, time: 'createdAt', page });
    },
    /** Those in which any of these fields matches, newest first. */
    async matching(search: OrderSearch, limit: number): Promise<OrderRecord[]> {
      const fields = Object.entries(search).map(([field, values]) => ({ [field]: { $in: values } }));
      if (fields.length === 0) return [];
      return model.find({ $or: fields }).sort({ createdAt: -1 }).limit(limit).lean<OrderRecord[]>();
    },
    /** The orders of an account that have not ended; newest first. */
    async open(accountId: string): Promise<OrderRecord[]> {
      return model
        .find({ accountId, state: { $nin: endedOrderStates } })
        .sort({ createdAt: -1 })
        .lean<OrderRecord[]>();
    },
    /** How many orders that have not ended are in each state. */
    async countOpenByState(): Promise<Partial<Record<OrderState, number>>> {
      const open = OrderState.options.filter((state) => !orderHasEnded(state));
      const counts = await Promise.all(open.map((state) => model.countDocuments({ state })));
      return Object.fromEntries(open.flatMap((state, at) => (counts[at] ? [[state, counts[at]]] : [])));
    },
    /** The order that has this invoice at Stripe. */
    async findByInvoice(invoiceId: string): Promise<OrderRecord | null> {
      return model.findOne({ invoiceIds: invoiceId }).lean<OrderRecord>();
    },
    async countOf(accountId: string): Promise<number> {
      return model.countDocuments({ accountId });
    },
    /** Those with these ids, or of these instances: at most one for each id. */
    async findMany(of: { ids: readonly string[]; instanceIds: readonly string[] }): Promise<OrderRecord[]> {
      return model
        .find({ $or: [{ _id: { $in: of.ids } }, { instanceId: { $in: of.instanceIds } }] })
        .lean<OrderRecord[]>();
    },
    /** A page of the orders that were delivered, ended after `since`, or are among `also`, by id. */
    async pageOfEnded(page: { after: string; limit: number; since: Date; also: string[] }): Promise<OrderRecord[]> {
      const wanted = [{ state: 'fulfilled' as const }, { endedAt: { $gt: page.since } }, { _id: { $in: page.also } }];
      return model
        .find({ _id: { $gt: page.after }, $or: wanted })
        .sort({ _id: 1 })
        .limit(page.limit)
        .lean<OrderRecord[]>();
    },
    /**
     * Open orders whose workflow is not known to run, older than `ageMs`; also those dated in the future, because the
     * clock was set back since they were placed.
     */
    async notStarted(ageMs: number): Promise<OrderRecord[]> {
      const at = now();
      return model
        .find({
          state: 'awaiting_payment',
          startedAt: null,
          $or: [{ createdAt: { $lt: new Date(at - ageMs) } }, { createdAt: { $gt: new Date(at + ageMs) } }],
        })
        .limit(100)
        .lean<OrderRecord[]>();
    },
    /**
     * Notes that the billing address of an order that waits for its payment is proven; true only for the first to do
     * so.
     */
    async proveAddress(id: string, at: Date): Promise<boolean> {
      const result = await model.updateOne(
        { _id: id, state: 'awaiting_payment', addressProvenAt: null },
        { $set: { addressProvenAt: at } },
      );
      return result.modifiedCount === 1;
    },
    /**
     * Replaces the addresses of the recipients that the correction names, unless one of the order's addresses has
     * changed since it was read; true for the caller that did it. A corrected billing address is not proven.
     */
    async correctAddress(
      { _id, billingEmail, adminEmail, corrections = [] }: OrderRecord,
      correction: AddressCorrection,
    ): Promise<boolean> {
      const { recipients, to } = correction;
      const isPayer = recipients.includes('payer');
      const result = await model.updateOne(
        { _id, billingEmail, adminEmail },
        {
          $set: {
            ...(isPayer ? { billingEmail: to } : {}),
            ...(recipients.includes('administrator') ? { adminEmail: to } : {}),
            corrections: [...corrections, correction],
          },
          ...(isPayer ? { $unset: { addressProvenAt: 1 as const } } : {}),
        },
      );
      return result.modifiedCount === 1;
    },
    /** How many other orders have this customer at Stripe and this billing address. */
    async countBilledTo(of: { customerId: string; billingEmail: string; except: string }): Promise<number> {
      const { customerId, billingEmail, except } = of;
      return model.countDocuments({ 'payment.customerId': customerId, billingEmail, _id: { $ne: except } });
    },
    async markStarted(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { startedAt: nowDate() } });
    },
    /**
     * Sets the state of an order, from a state that `to` may follow, or only from `from`; true for exactly one
     * caller. A final state sets the time; one without delivery also schedules a check for late payments; an existing
     * reason is kept.
     */
    async move(id: string, change: { to: OrderState; reason?: ReasonCode; from?: OrderState }): Promise<boolean> {
      const before = statesBefore(change.to).filter((state) => state === (change.from ?? state));
      const set: Record<string, unknown> = { state: change.to };
      if (change.reason) set.reason = change.reason;
      if (orderHasEnded(change.to)) set.endedAt = nowDate();
      if (orderHasEnded(change.to) && change.to !== 'fulfilled') set.moneyReadAt = set.endedAt;
      const result = await model.updateOne({ _id: id, state: { $in: before } }, { $set: set });
      return result.modifiedCount === 1;
    },
    /** Ended orders that are due for a check for late payments, longest due first. */
    async dueMoneyChecks(limit: number): Promise<OrderRecord[]> {
      return model
        .find({ moneyReadAt: { $lte: nowDate() } })
        .sort({ moneyReadAt: 1 })
        .limit(limit)
        .lean<OrderRecord[]>();
    },
    /**
     * Reschedules the check that is due at `from` to `to`, or ends the checks; true only for the caller that did it.
     */
    async moveMoneyCheck(id: string, { from, to }: { from: Date; to: Date | undefined }): Promise<boolean> {
      const change = to ? { $set: { moneyReadAt: to } } : { $unset: { moneyReadAt: 1 as const } };
      const result = await model.updateOne({ _id: id, moneyReadAt: from }, change);
      return result.modifiedCount === 1;
    },
    /** Schedules a check now, of an order that has ended without delivery. */
    async checkMoneyNow(id: string): Promise<void> {
      const undelivered = endedOrderStates.filter((state) => state !== 'fulfilled');
      await model.updateOne({ _id: id, state: { $in: undelivered } }, { $set: { moneyReadAt: nowDate() } });
    },
    async setPayment(id: string, payment: OrderPayment): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { payment }, $addToSet: { invoiceIds: payment.invoiceId } });
    },
    /** Adds invoices at Stripe to this order. */
    async addInvoices(id: string, invoiceIds: readonly string[]): Promise<void> {
      await model.updateOne({ _id: id }, { $addToSet: { invoiceIds: { $each: [...invoiceIds] } } });
    },
    async setDeclines(id: string, declines: number): Promise<void> {
      await model.updateOne({ _id: id }, { $max: { declines } });
    },
    /** Notes a 3-D Secure challenge by its payment method, that it was seen or that it was refused; each once. */
    async noteChallenge(id: string, { paymentMethodId, isRefused }: PaymentChallenge): Promise<void> {
      const field = isRefused ? 'refusedChallenges' : 'challenges';
      await model.updateOne({ _id: id }, { $addToSet: { [field]: paymentMethodId } });
    },
    /** Records a payment for an order that is not being refunded. */
    async setPaid(
      id: string,
      money: { paid: number; paidOutside: number; invoice: OrderInvoice | undefined },
    ): Promise<void> {
      const { invoice, ...amounts } = money;
      const set = { ...amounts, ...(invoice ? { invoice } : {}) };
      await model.updateOne({ _id: id, state: { $in: ['awaiting_payment', 'fulfilling'] } }, { $set: set });
    },
    async setMoney(id: string, money: { paid: number; refunded: number; paidOutside?: number }): Promise<void> {
      await model.updateOne({ _id: id }, { $set: money });
    },
    /** Accepts an order for good: from now on it is not removed. False where it was removed before. */
    async accept(id: string): Promise<boolean> {
      const result = await model.updateOne({ _id: id }, { $min: { acceptedAt: nowDate() } });
      return result.matchedCount === 1;
    },
    /** Removes an order that was not accepted. */
    async remove(id: string): Promise<void> {
      await model.deleteOne({ _id: id, acceptedAt: null, startedAt: null, state: { $nin: endedOrderStates } });
    },
  };
}
