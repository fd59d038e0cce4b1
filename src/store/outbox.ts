import { type Connection, Schema } from 'mongoose';
import { ReasonError } from '../contracts/reasons.ts';
import { now, nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/** How long one sending may take, ms: longer than all phases of an SMTP session of the sender. */
const sendingMs = 40_000;

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
  /** Who is sending it, and until when others leave it to them. */
  sendingBy?: string | undefined;
  sendingUntil?: Date | undefined;
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
        sendingBy: String,
        sendingUntil: Date,
        sentAt: Date,
      },
      { collection: 'outbox' },
    ),
  );

  /** Claims the mail with this Message-ID for its sending, and creates its row if missing; false once it was sent. */
  async function claim(row: NewOutboxRow, sendingBy: string): Promise<boolean> {
    const sendingUntil = new Date(now() + sendingMs);
    try {
      await model.create({ ...row, status: 'pending', attempts: 0, createdAt: nowDate(), sendingBy, sendingUntil });
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const isFree = { $or: [{ sendingUntil: null }, { sendingUntil: { $lte: nowDate() } }, { sendingBy }] };
    const claimed = await model.updateOne(
      { _id: row._id, status: { $ne: 'sent' }, ...isFree },
      { $set: { sendingBy, sendingUntil } },
    );
    if (claimed.matchedCount === 1) return true;
    if (await model.exists({ _id: row._id, status: 'sent' })) return false;
    throw new ReasonError('mail_unavailable', 'another process is sending it');
  }

  async function mark(id: string, status: OutboxRow['status']): Promise<void> {
    const set = status === 'sent' ? { status, sentAt: nowDate() } : { status };
    await model.updateOne({ _id: id }, { $set: set, $unset: { sendingBy: 1, sendingUntil: 1 }, $inc: { attempts: 1 } });
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
    /**
     * Sends a mail unless it was sent before, and records the outcome. Of two senders at once one sends it: `by` names the
     * sender, which repeats its own sending at once after it died. Throws what `send` throws, and `mail_unavailable` while
     * another one is sending it.
     */
    async sendOnce(row: NewOutboxRow, { by, send }: { by: string; send(): Promise<void> }): Promise<void> {
      if (!(await claim(row, by))) return;
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
