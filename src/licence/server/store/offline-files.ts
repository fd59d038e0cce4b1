import { type Connection, Schema } from 'mongoose';
import type { SeatMode } from '../../protocol/requests.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { indexOutbox, type OutboxItem, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** An offline file. It is stored, signed, before it takes its seats; it is handed out only after that. */
export interface OfflineFile extends WithOutbox {
  _id: string;
  licenceId: string;
  idempotencyKey: string;
  /** Counts the files of one idempotency key: all but the last were withdrawn. */
  attempt: number;
  requestHash: string;
  clusterId: string | null;
  fingerprint: string | null;
  mode: SeatMode;
  seats: number;
  /** `withdrawn`: it was and will be handed out to nobody; deleted when no call can still take seats for it. */
  status: 'pending' | 'issued' | 'replaced' | 'ended' | 'withdrawn';
  withdrawnAt?: Date | null;
  issuedAt: Date;
  issuedBy: string;
  expiresAt: Date;
  /** The file whose seats it takes over; null or absent = its seats are new. Set before the seats move. */
  replaces?: string | null;
  /** The signed text. */
  file: string;
}

const after = { returnDocument: 'after' } as const;

export function offlineFileStore(connection: Connection) {
  const schema = new Schema<OfflineFile>(
    {
      _id: { type: String, required: true },
      licenceId: { type: String, required: true },
      idempotencyKey: { type: String, required: true },
      attempt: { type: Number, required: true },
      requestHash: { type: String, required: true },
      clusterId: { type: String, default: null },
      fingerprint: { type: String, default: null },
      mode: { type: String, required: true },
      seats: { type: Number, required: true },
      status: { type: String, required: true },
      issuedAt: { type: Date, required: true },
      issuedBy: { type: String, required: true },
      expiresAt: { type: Date, required: true },
      withdrawnAt: { type: Date, default: null },
      replaces: { type: String, default: null },
      file: { type: String, required: true },
      outbox: outboxField,
    },
    { collection: 'offline-files', versionKey: false },
  );
  schema.index({ licenceId: 1, idempotencyKey: 1, attempt: 1 }, { unique: true });
  schema.index({ licenceId: 1, issuedAt: 1 });
  schema.index({ status: 1, expiresAt: 1 });
  schema.index({ status: 1, issuedAt: 1 });
  schema.index({ status: 1, withdrawnAt: 1 });
  indexOutbox(schema);
  const model = connection.model<OfflineFile>('OfflineFile', schema);

  return {
    model,
    find: (licenceId: string, id: string) => model.findOne({ _id: id, licenceId }).lean<OfflineFile>().exec(),
    /** The last file of the key. */
    byIdempotencyKey: (licenceId: string, idempotencyKey: string) =>
      model.findOne({ licenceId, idempotencyKey }).sort({ attempt: -1 }).lean<OfflineFile>().exec(),
    /** Newest first, without those that never took their seats. */
    of: (licenceId: string) =>
      model
        .find({ licenceId, status: { $in: ['issued', 'replaced', 'ended'] } })
        .sort({ issuedAt: -1 })
        .limit(500)
        .lean<OfflineFile[]>()
        .exec(),
    /** False if this attempt of the idempotency key was made before on this licence. */
    async insert(file: OfflineFile): Promise<boolean> {
      try {
        await model.create(file);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Null if its status is no longer the given one. */
    setStatus: (id: string, from: OfflineFile['status'], to: OfflineFile['status'], items: OutboxItem[] = []) =>
      model
        .findOneAndUpdate({ _id: id, status: from }, { $set: { status: to }, ...pushToOutbox(...items) }, after)
        .lean<OfflineFile>()
        .exec(),
    endedBefore: (before: Date) =>
      model
        .find({ status: { $in: ['issued', 'replaced'] }, expiresAt: { $lt: before } })
        .limit(100)
        .lean<OfflineFile[]>()
        .exec(),
    /** Those that were never handed out. */
    pendingBefore: (before: Date) =>
      model
        .find({ status: 'pending', issuedAt: { $lt: before } })
        .limit(100)
        .lean<OfflineFile[]>()
        .exec(),
    withdrawnBefore: (before: Date) =>
      model
        .find({ status: 'withdrawn', withdrawnAt: { $lt: before } })
        .limit(100)
        .lean<OfflineFile[]>()
        .exec(),
    /** Records whose seats a file takes over that is not handed out yet; null if it was handed out or deleted. */
    noteReplaces: (id: string, replaces: string) =>
      model.findOneAndUpdate({ _id: id, status: 'pending' }, { $set: { replaces } }, after).lean<OfflineFile>().exec(),
    /** From then on it cannot be handed out; null if it is not pending. */
    withdraw: (id: string, withdrawnAt: Date) =>
      model
        .findOneAndUpdate({ _id: id, status: 'pending' }, { $set: { status: 'withdrawn', withdrawnAt } }, after)
        .lean<OfflineFile>()
        .exec(),
    async forgetWithdrawn(id: string): Promise<void> {
      await model.deleteOne({ _id: id, status: 'withdrawn' });
    },
  };
}
