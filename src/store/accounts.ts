import { type Connection, Schema } from 'mongoose';
import { emailKey } from '../contracts/email.ts';
import type { AccountPeople, Invitation, Member } from '../domain/accounts/account-people.ts';
import { now, nowDate } from '../runtime/clock.ts';
import { newId } from '../runtime/new-id.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';

/** The paying customer with its members; e-mail addresses are stored in lower case, so that they can be compared. */
export interface AccountRecord extends AccountPeople {
  _id: string;
  /** Billing e-mail of its first order; unique among existing accounts. */
  email: string;
  createdAt: Date;
  /** Incremented by every change; a change is conditional on the revision it was read with. */
  revision: number;
  /** Since when it is being closed: no order can start until the closing ends or is given up. */
  closingAt?: Date | undefined;
}

/** The fields that a change of an account may set; undefined removes the field. */
export type AccountChange = Partial<Omit<AccountRecord, '_id' | 'email' | 'createdAt' | 'revision'>>;

/** After this time a closing counts as given up; ms. */
const closingMs = 60_000;
/** Maximum number of accounts listed for one address. */
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
    /** The account of which this address is a member; its own account first. */
    async findByMember(email: string): Promise<AccountRecord | null> {
      const key = emailKey(email);
      const own = await model.findOne({ email: key, 'members.email': key }).lean<AccountRecord>();
      return own ?? model.findOne({ 'members.email': key }).lean<AccountRecord>();
    },
    /** Every account of which this address is a member, oldest first. */
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
    /** The account of this address, created if there is none, with the address as its payer and administrator. */
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
      // An account that was opened concurrently may be closed before it is read.
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
     * Changes an account by one conditional update: `decide` returns the change for the current account, or throws why
     * it is refused. After a concurrent change it decides again, so its decision always applies to what was written.
     * Null if there is no such account.
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
     * Deletes an account unless `judge`, which gets its current state, throws why not; returns the deleted account,
     * null if there is none. Deleted instead of marked, because the embedded database never frees a changed unique key.
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
     * Whether an account accepts the order whose row already exists: false if it is closed or being closed. A closing
     * first marks the account and then looks for orders, so one of the two sees the other. An abandoned mark is
     * removed, and with it that closing's right to proceed.
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
