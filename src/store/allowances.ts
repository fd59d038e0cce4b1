import { type Connection, Schema } from 'mongoose';
import { emailKey } from '../contracts/email.ts';
import { now } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';
import type { OrderRecord } from './records.ts';

/** What was done for one key lately: when, oldest first. */
export interface AllowanceRecord {
  _id: string;
  times: Date[];
  /** Incremented by every change; a change is conditional on the revision it was read with. */
  revision: number;
  /** When all times have left their window. */
  expiresAt: Date;
}

/** Something that may be done `most` times within a window, for each `subject`. */
export interface Allowance {
  /** What is done, such as `sign-in-code`. */
  what: string;
  subject: string;
  most: number;
  windowMs: number;
}

const hourMs = 3_600_000;

/** Mails to an address that anybody can cause without paying: about guests' unpaid orders, and invitations. */
export function unpaidMailsTo(email: string, most: number): Allowance {
  return { what: 'unpaid-mail', subject: emailKey(email), most, windowMs: hourMs };
}

/** Mails about an unpaid order to its payer; others cannot use up those about the orders of members. */
export function mailsAboutUnpaid(
  { billingEmail, memberId }: Pick<OrderRecord, 'billingEmail' | 'memberId'>,
  most: number,
): Allowance {
  const byAnybody = unpaidMailsTo(billingEmail, most);
  return memberId === undefined ? byAnybody : { ...byAnybody, what: 'member-order-mail' };
}

/** Sign-in codes mailed to an address, asked for by one browser or client, or by everybody unknown together. */
export function signInCodesTo(email: string, { by, most }: { by: string; most: number }): Allowance {
  return { what: 'sign-in-code', subject: `${emailKey(email)} by ${by}`, most, windowMs: hourMs };
}

export type AllowanceOutcome = { allowed: true } | { allowed: false; retryAfterMs: number };

/** Limits over a sliding window that hold for concurrent callers in any number of processes. */
export function allowanceStore(connection: Connection) {
  const model = connection.model<AllowanceRecord>(
    'Allowance',
    new Schema<AllowanceRecord>(
      {
        _id: { type: String, required: true },
        times: { type: [Date], required: true },
        revision: { type: Number, required: true },
        expiresAt: { type: Date, required: true, expires: 0 },
      },
      { collection: 'allowances' },
    ),
  );

  async function write(before: AllowanceRecord | null, after: AllowanceRecord): Promise<boolean> {
    if (before) {
      const { times, revision, expiresAt } = after;
      const change = { $set: { times, revision, expiresAt } };
      return (await model.updateOne({ _id: before._id, revision: before.revision }, change)).modifiedCount === 1;
    }
    try {
      await insertPlain(model, after);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  return {
    model,
    /** Uses up one of the allowed times by a compare-and-set; over the limit nothing is used up. */
    async take({ what, subject, most, windowMs }: Allowance): Promise<AllowanceOutcome> {
      const _id = `${what}:${subject}`;
      for (;;) {
        const before = await model.findById(_id).lean<AllowanceRecord>();
        const at = now();
        const times = (before?.times ?? []).filter((time) => time.getTime() > at - windowMs);
        if (times.length >= most) {
          const oldest = times[times.length - most]?.getTime() ?? at;
          return { allowed: false, retryAfterMs: Math.max(1_000, oldest + windowMs - at) };
        }
        const revision = (before?.revision ?? 0) + 1;
        const after = { _id, times: [...times, new Date(at)], revision, expiresAt: new Date(at + windowMs) };
        if (await write(before, after)) return { allowed: true };
      }
    },
    /** Gives one time back that was taken for something that was not done after all. */
    async giveBack({ what, subject }: Pick<Allowance, 'what' | 'subject'>): Promise<void> {
      for (;;) {
        const before = await model.findById(`${what}:${subject}`).lean<AllowanceRecord>();
        if (!before || before.times.length === 0) return;
        if (await write(before, { ...before, times: before.times.slice(0, -1), revision: before.revision + 1 })) return;
      }
    },
  };
}
