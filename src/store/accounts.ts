import { type Connection, Schema } from 'mongoose';
import type { Role } from '../contracts/api/account.ts';
import { today } from '../contracts/clock.ts';
import { newId } from '../contracts/new-id.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';

export interface MemberRecord {
  _id: string;
  email: string;
  roles: Role[];
}

/** The paying customer with its members; e-mail addresses are kept in lower case, so that they compare. */
export interface AccountRecord {
  _id: string;
  /** Billing e-mail of its first order; one account has it. */
  email: string;
  members: MemberRecord[];
  createdAt: Date;
}

/** The form in which two spellings of one e-mail address are equal. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

export function accountStore(connection: Connection) {
  const text = { type: String, required: true };
  const model = connection.model<AccountRecord>(
    'Account',
    new Schema<AccountRecord>(
      {
        _id: text,
        email: { ...text, unique: true },
        members: { type: [new Schema<MemberRecord>({ _id: text, email: text, roles: [String] })], required: true },
        createdAt: { type: Date, required: true },
      },
      { collection: 'accounts' },
    ).index({ 'members.email': 1 }),
  );

  async function findByMember(email: string): Promise<AccountRecord | null> {
    const key = emailKey(email);
    const own = await model.findOne({ email: key, 'members.email': key }).lean<AccountRecord>();
    return own ?? (await model.findOne({ 'members.email': key }).lean<AccountRecord>());
  }

  return {
    model,
    async find(id: string): Promise<AccountRecord | null> {
      return model.findById(id).lean<AccountRecord>();
    },
    /** The account of which this address is a member; its own one first. */
    findByMember,
    /** The account of this address, made when there is none, with the address as its payer and administrator. */
    async openFor(email: string): Promise<AccountRecord> {
      const key = emailKey(email);
      const existing = await model.findOne({ email: key }).lean<AccountRecord>();
      if (existing) return existing;
      const fresh: AccountRecord = {
        _id: newId.account(),
        email: key,
        members: [{ _id: newId.member(), email: key, roles: ['payer', 'admin'] }],
        createdAt: today(),
      };
      try {
        await insertPlain(model, fresh);
        return fresh;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const winner = await model.findOne({ email: key }).lean<AccountRecord>();
      if (!winner) throw new Error('an account vanished');
      return winner;
    },
  };
}
