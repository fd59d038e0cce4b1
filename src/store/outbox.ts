import { type Connection, Schema } from 'mongoose';
import { ReasonError } from '../contracts/reasons.ts';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/** One mail that was or will be sent; its Message-ID is the key, so there is one mail however often a step runs. */
export interface OutboxRow {
  _id: string;
  kind: string;
  orderId: string;
  /** `payer` or `administrator`; the address itself is stored only in order and instance. */
  recipient: 'administrator' | 'payer';
  status: 'pending' | 'sent' | 'refused';
  attempts: number;
  createdAt: Date;
  sentAt?: Date | undefined;
}

type NewOutboxRow = Pick<OutboxRow, '_id' | 'kind' | 'orderId' | 'recipient'>;

export function outboxStore(connection: Connection) {
  const model = connection.model<OutboxRow>(
    'Outbox',
    new Schema<OutboxRow>(
      {
        _id: { type: String, required: true },
        kind: { type: String, required: true },
        orderId: { type: String, required: true, index: true },
        recipient: { type: String, required: true },
        status: { type: String, required: true },
        attempts: { type: Number, required: true },
        createdAt: { type: Date, required: true },
        sentAt: Date,
      },
      { collection: 'outbox' },
    ),
  );

  /** The row with this Message-ID, created if missing. */
  async function open(row: NewOutboxRow): Promise<OutboxRow> {
    const fresh: OutboxRow = { ...row, status: 'pending', attempts: 0, createdAt: nowDate() };
    try {
      await model.create(fresh);
      return fresh;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const existing = await model.findById(row._id).lean<OutboxRow>();
    if (!existing) throw new Error(`outbox row ${row._id} vanished`);
    return existing;
  }

  async function mark(id: string, status: OutboxRow['status']): Promise<void> {
    const set = status === 'sent' ? { status, sentAt: nowDate() } : { status };
    await model.updateOne({ _id: id }, { $set: set, $inc: { attempts: 1 } });
  }

  return {
    model,
    /** The mails of an order, oldest first. */
    async ofOrder(orderId: string): Promise<OutboxRow[]> {
      return model.find({ orderId }).sort({ createdAt: 1, _id: 1 }).lean<OutboxRow[]>();
    },
    /** Whether this mail was ever tried. */
    async has(messageId: string): Promise<boolean> {
      return (await model.exists({ _id: messageId })) !== null;
    },
    /** Sends a mail unless it was sent before, and records the outcome. Throws what `send` throws. */
    async sendOnce(row: NewOutboxRow, send: () => Promise<void>): Promise<void> {
      if ((await open(row)).status === 'sent') return;
      try {
        await send();
      } catch (error) {
        const isRefused = error instanceof ReasonError && error.code === 'mail_refused';
        await mark(row._id, isRefused ? 'refused' : 'pending');
        throw error;
      }
      await mark(row._id, 'sent');
    },
  };
}
