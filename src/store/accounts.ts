import { type Connection, Schema } from 'mongoose';
import type { AccountPeople, Invitation, Member } from '../domain/accounts/account-people.ts';
import { now, nowDate } from '../runtime/clock.ts';
import { newId } from '../runtime/new-id.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';

/** The paying customer with its people; e-mail addresses are kept in lower case, so that they compare. */
export interface AccountRecord extends AccountPeople {
  _id: string;
  /** Billing e-mail of its first order; one account has it, for as long as it is there. */
  email: string;
  createdAt: Date;
  /** Raised by every change, which only holds when the one it was read with still stands. */
  revision: number;
  /** Since when somebody is closing it: no order begins, until that came to its end or was given up. */
  closingAt?: Date | undefined;
}

/** What a change of an account may set; undefined takes the field away. */
export type AccountChange = Partial<Omit<AccountRecord, '_id' | 'email' | 'createdAt' | 'revision'>>;

/** The form in which two spellings of one e-mail address are equal. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

/** After this nobody is closing an account any more; ms. */
const closingMs = 60_000;
/** Accounts of one address that are listed. */
const accountsShown = 100;

export function accountStore(connection: Connection) {
  const text = { type: String, required: true };
  const time = { type: Date, required: true };
  const member = new Schema<Member>({ _id: text, email: text, roles: [String] });
  const invitation = new Schema<Invitation>({
    ...{ _id: text, email: text, roles: [String], tokenHash: text, invitedBy: text },
    ...{ createdAt: time, expiresAt: time },
  });
  const model = connection.model<AccountRecord>(
    'Account',
    new Schema<AccountRecord>(
      {
        _id: text,
        email: { ...text, unique: true },
        members: { type: [member], required: true },
        invitations: { type: [invitation], required: true },
        invitationMails: { type: [Date], required: true },
        createdAt: time,
        revision: { type: Number, required: true },
        closingAt: Date,
      },
      { collection: 'accounts' },
    )
      .index({ 'members.email': 1 })
      .index({ 'invitations.tokenHash': 1 }),
  );

  async function find(id: string): Promise<AccountRecord | null> {
    return model.findById(id).lean<AccountRecord>();
  }

  return {
    model,
    find,
    /** The account of which this address is a member; its own one first. */
    async findByMember(email: string): Promise<AccountRecord | null> {
      const key = emailKey(email);
      const own = await model.findOne({ email: key, 'members.email': key }).lean<AccountRecord>();
      return own ?? model.findOne({ 'members.email': key }).lean<AccountRecord>();
    },
    /** Every account of which this address is a member, the oldest first. */
    async ofMember(email: string): Promise<AccountRecord[]> {
      const found = await model
        .find({ 'members.email': emailKey(email) })
        .sort({ createdAt: 1, _id: 1 })
        .limit(accountsShown)
        .lean<AccountRecord[]>();
      return found;
    },
    /** The account with an invitation whose newest link this is. */
    async findByInvitation(tokenHash: string): Promise<AccountRecord | null> {
      return model.findOne({ 'invitations.tokenHash': tokenHash }).lean<AccountRecord>();
    },
    /** The account of this address, made when there is none, with the address as its payer and administrator. */
    async openFor(email: string): Promise<AccountRecord> {
      const key = emailKey(email);
      const fresh: AccountRecord = {
        _id: newId.account(),
        email: key,
        members: [{ _id: newId.member(), email: key, roles: ['payer', 'admin'] }],
        invitations: [],
        invitationMails: [],
        createdAt: nowDate(),
        revision: 0,
      };
      // One that somebody else opened at this moment may be closed before it is read.
      for (let tries = 3; tries > 0; tries -= 1) {
        const existing = await model.findOne({ email: key }).lean<AccountRecord>();
        if (existing) return existing;
        try {
          await insertPlain(model, fresh);
          return fresh;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
      }
      throw new Error('an account vanished again and again');
    },
    /**
     * Changes an account by one conditional update: `decide` says what changes in the account as it is now, or throws
     * why nothing may. Where another change was faster it decides again, so its word always holds for what was written.
     * Null when there is no such account.
     */
    async change(
      id: string,
      decide: (account: AccountRecord) => AccountChange,
    ): Promise<{ before: AccountRecord; after: AccountRecord } | null> {
      for (;;) {
        const before = await find(id);
        if (!before) return null;
        const change = decide(before);
        const gone = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [[name, 1]] : []));
        const revision = before.revision + 1;
        const set = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
        const result = await model.updateOne(
          { _id: before._id, revision: before.revision },
          {
            $set: { ...set, revision },
            ...(gone.length > 0 ? { $unset: Object.fromEntries(gone) } : {}),
          },
        );
        if (result.modifiedCount === 1) return { before, after: { ...before, ...change, revision } };
      }
    },
    /**
     * Removes an account unless `judge`, which sees it as it is at that moment, throws why not; what it was, or null when
     * there is none. Removed and not marked: the embedded database never frees a unique key that is changed.
     */
    async remove(id: string, judge: (account: AccountRecord) => void): Promise<AccountRecord | null> {
      for (;;) {
        const account = await find(id);
        if (!account) return null;
        judge(account);
        const result = await model.deleteOne({ _id: account._id, revision: account.revision });
        if (result.deletedCount === 1) return account;
      }
    },
    /**
     * Whether an account takes the order whose row stands already: false when it is closed or just being closed. Who
     * closes it marks it first and looks for orders then, so one of the two sees the other. A mark that somebody left
     * behind is taken away, and with it his right to close.
     */
    async takesOrders(id: string): Promise<boolean> {
      for (;;) {
        const account = await find(id);
        if (!account) return false;
        if (!account.closingAt) return true;
        if (account.closingAt.getTime() > now() - closingMs) return false;
        await model.updateOne(
          { _id: id, closingAt: account.closingAt },
          { $unset: { closingAt: 1 }, $inc: { revision: 1 } },
        );
      }
    },
  };
}
