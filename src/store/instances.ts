import { type Connection, Schema } from 'mongoose';
import type { CloudName } from '../contracts/stack.ts';
import { InstanceStatus, lostInstanceStatuses } from '../contracts/states.ts';
import { type Newest, type NewestPage, newestFirst } from './newest-first.ts';
import type { InstanceRecord } from './records.ts';

/** Instances; only activities write them: those of their own workflow, and that of a corrected address. */
export function instanceStore(connection: Connection) {
  const mixed = { type: Schema.Types.Mixed };
  const text = { type: String, required: true };
  const schema = new Schema<InstanceRecord>(
    {
      _id: text,
      accountId: { ...text, index: true },
      orderId: { ...text, index: true },
      name: text,
      cloud: text,
      region: text,
      zonesTried: { type: [String], default: undefined },
      plan: text,
      cycle: text,
      addOns: mixed,
      limits: mixed,
      features: mixed,
      seats: { type: Number, required: true },
      product: text,
      adminEmail: text,
      desired: { ...mixed, required: true },
      applied: mixed,
      status: { ...text, index: true },
      standing: { type: String, default: null },
      standingRevision: { type: Number, required: true },
      licenceId: String,
      outputs: mixed,
      paidUntil: Date,
      createdAt: { type: Date, required: true },
      readyAt: Date,
    },
    { collection: 'instances', minimize: false },
  );
  schema.index({ createdAt: -1, _id: -1 });
  schema.index({ name: 1 });
  schema.index({ licenceId: 1 });
  schema.index({ 'desired.names.hostname': 1 });
  const model = connection.model<InstanceRecord>('Instance', schema);

  return {
    model,
    async insert(instance: InstanceRecord): Promise<void> {
      await model.create(instance);
    },
    async find(id: string): Promise<InstanceRecord | null> {
      return model.findById(id).lean<InstanceRecord>();
    },
    async findMany(ids: readonly string[]): Promise<InstanceRecord[]> {
      return model.find({ _id: { $in: ids } }).lean<InstanceRecord[]>();
    },
    /** Those with these ids, newest first. */
    async newestOf(ids: readonly string[], limit: number): Promise<InstanceRecord[]> {
      return model
        .find({ _id: { $in: ids } })
        .sort({ createdAt: -1 })
        .limit(limit)
        .lean<InstanceRecord[]>();
    },
    /** Newest first. */
    async list(
      filter: { accountId?: string; status?: InstanceStatus; cloud?: CloudName; region?: string },
      limit: number,
    ): Promise<InstanceRecord[]> {
      return model.find(filter).sort({ createdAt: -1 }).limit(limit).lean<InstanceRecord[]>();
    },
    /** A page of them, newest first. */
    async newest(
      filter: { accountId?: string; status?: InstanceStatus },
      page: NewestPage,
    ): Promise<Newest<InstanceRecord>> {
      return newestFirst<InstanceRecord>(model, { filter, time: 'createdAt', page });
    },
    /** Those with this licence, this name, or this hostname, newest first. */
    async matching(text: string, limit: number): Promise<InstanceRecord[]> {
      return model
        .find({ $or: [{ licenceId: text }, { name: text }, { 'desired.names.hostname': text }] })
        .sort({ createdAt: -1 })
        .limit(limit)
        .lean<InstanceRecord[]>();
    },
    /** A page of the servers on a cloud that were once ready and still exist, by id. */
    async delivered(cloud: CloudName, { after, limit }: { after: string; limit: number }): Promise<InstanceRecord[]> {
      return model
        .find({ cloud, readyAt: { $ne: null }, status: { $nin: lostInstanceStatuses }, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<InstanceRecord[]>();
    },
    /** How many servers that exist have each status. */
    async countByStatus(): Promise<Partial<Record<InstanceStatus, number>>> {
      const existing = InstanceStatus.options.filter((status) => status !== 'aborted' && status !== 'terminated');
      const counts = await Promise.all(existing.map((status) => model.countDocuments({ status })));
      return Object.fromEntries(existing.flatMap((status, at) => (counts[at] ? [[status, counts[at]]] : [])));
    },
    /** Those with one of these statuses whose id comes after `after`, by id. */
    async page(
      { statuses, after }: { statuses: InstanceStatus[]; after: string },
      limit: number,
    ): Promise<InstanceRecord[]> {
      return model
        .find({ status: { $in: statuses }, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .lean<InstanceRecord[]>();
    },
    /** The servers that an account has, or is about to get or lose; newest first. */
    async living(accountId: string): Promise<InstanceRecord[]> {
      return model
        .find({ accountId, status: { $nin: lostInstanceStatuses } })
        .sort({ createdAt: -1 })
        .lean<InstanceRecord[]>();
    },
    async update(
      id: string,
      change: Partial<
        Pick<
          InstanceRecord,
          | 'status'
          | 'adminEmail'
          | 'standing'
          | 'standingRevision'
          | 'desired'
          | 'applied'
          | 'zonesTried'
          | 'licenceId'
          | 'outputs'
          | 'paidUntil'
          | 'readyAt'
        >
      >,
    ): Promise<void> {
      await model.updateOne({ _id: id }, { $set: change });
    },
    /** Records that no resource of its stack exists any more. */
    async clearStack(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $unset: { applied: 1, outputs: 1 } });
    },
    /**
     * Moves paid-until forward, with a new revision of the standing; an instance that is paid longer or has no owner
     * is unchanged. Returns the resulting record.
     */
    async movePaidUntil(id: string, paidUntil: Date): Promise<InstanceRecord | null> {
      const isBefore = [{ paidUntil: null }, { paidUntil: { $lt: paidUntil } }];
      await model.updateOne(
        { _id: id, status: { $nin: lostInstanceStatuses }, $or: isBefore },
        { $set: { paidUntil }, $inc: { standingRevision: 1 } },
      );
      return model.findById(id).lean<InstanceRecord>();
    },
    /** Hands a server over: it is ready and its standing begins; a no-op when it was handed over already. */
    async handOver(id: string, readyAt: Date): Promise<void> {
      await model.updateOne(
        { _id: id, standing: null },
        { $set: { status: 'ready', standing: 'current', standingRevision: 1, readyAt } },
      );
    },
    async remove(id: string): Promise<void> {
      await model.deleteOne({ _id: id, status: 'requested' });
    },
  };
}
