import { type Connection, Schema, Types } from 'mongoose';
import { emailKey } from '../contracts/email.ts';
import { now, nowDate } from '../runtime/clock.ts';

/** One code mailed to an address. Only a keyed hash of it is stored: six digits are quickly guessed. */
export interface SignInCodeRecord {
  _id: Types.ObjectId;
  email: string;
  /** Hash of the secret of the browser that asked. */
  browserHash: string;
  codeHash: string;
  guesses: number;
  used: boolean;
  createdAt: Date;
  expiresAt: Date;
}

/** Maximum guesses per code. */
const guessesPerCode = 5;
const dayMs = 86_400_000;

export function signInCodeStore(connection: Connection) {
  const schema = new Schema<SignInCodeRecord>(
    {
      email: { type: String, required: true },
      browserHash: { type: String, required: true },
      codeHash: { type: String, required: true },
      guesses: { type: Number, required: true },
      used: { type: Boolean, required: true },
      createdAt: { type: Date, required: true, expires: dayMs / 1_000 },
      expiresAt: { type: Date, required: true },
    },
    { collection: 'sign-in-codes' },
  );
  schema.index({ email: 1, createdAt: -1 });
  const model = connection.model<SignInCodeRecord>('SignInCode', schema);

  return {
    model,
    async insert(
      code: Pick<SignInCodeRecord, 'email' | 'browserHash' | 'codeHash'> & { validMs: number },
    ): Promise<void> {
      await model.create({
        _id: new Types.ObjectId(),
        email: emailKey(code.email),
        browserHash: code.browserHash,
        codeHash: code.codeHash,
        guesses: 0,
        used: false,
        createdAt: nowDate(),
        expiresAt: new Date(now() + code.validMs),
      });
    },
    /**
     * Uses up one guess on the newest code that this browser requested for this address and, if the hash matches, the
     * code itself: true for exactly one caller. Older codes of the browser are invalid; those of others are not
     * touched.
     */
    async redeem({ email, browserHash }: { email: string; browserHash: string }, codeHash: string): Promise<boolean> {
      const newest = await model
        .findOne({ email: emailKey(email), browserHash })
        .sort({ createdAt: -1, _id: -1 })
        .lean<SignInCodeRecord>();
      if (!newest || newest.expiresAt.getTime() <= now()) return false;
      const guess = await model.updateOne(
        { _id: newest._id, used: false, guesses: { $lt: guessesPerCode } },
        { $inc: { guesses: 1 } },
      );
      if (guess.modifiedCount !== 1 || newest.codeHash !== codeHash) return false;
      const use = await model.updateOne({ _id: newest._id, used: false }, { $set: { used: true } });
      return use.modifiedCount === 1;
    },
  };
}
