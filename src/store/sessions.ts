import { type Connection, Schema } from 'mongoose';

/** A signed-in browser; the key is the hash of its secret, so that a copy of the database cannot be used to sign in. */
export interface SessionRecord {
  _id: string;
  accountId: string;
  memberId: string;
  createdAt: Date;
  expiresAt: Date;
}

export function sessionStore(connection: Connection) {
  const text = { type: String, required: true };
  const model = connection.model<SessionRecord>(
    'Session',
    new Schema<SessionRecord>(
      {
        _id: text,
        accountId: { ...text, index: true },
        memberId: text,
        createdAt: { type: Date, required: true },
        expiresAt: { type: Date, required: true, expires: 0 },
      },
      { collection: 'sessions' },
    ),
  );

  return {
    model,
    async insert(session: SessionRecord): Promise<void> {
      await model.create(session);
    },
    /** The session with this hash, expired or not. */
    async find(hash: string): Promise<SessionRecord | null> {
      return model.findById(hash).lean<SessionRecord>();
    },
    async remove(hash: string): Promise<void> {
      await model.deleteOne({ _id: hash });
    },
    /** Ends the sessions of a member in their account, or of all members. */
    async removeOf(of: { accountId: string; memberId?: string }): Promise<void> {
      await model.deleteMany(of);
    },
  };
}
