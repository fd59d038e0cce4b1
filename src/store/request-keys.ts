import { type Connection, Schema } from 'mongoose';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { insertPlain } from './insert-plain.ts';

/** The first request that came with an Idempotency-Key. */
export interface RequestKeyRecord {
  /** Scope and key: what the key is unique within, and what the client sent. */
  _id: string;
  /** Hash of what was requested. */
  requestHash: string;
  createdAt: Date;
}

/** The Idempotency-Keys of requests whose result has no place for them; forgotten after 30 days. */
export function requestKeyStore(connection: Connection) {
  const model = connection.model<RequestKeyRecord>(
    'RequestKey',
    new Schema<RequestKeyRecord>(
      {
        _id: { type: String, required: true },
        requestHash: { type: String, required: true },
        createdAt: { type: Date, required: true, expires: '30d' },
      },
      { collection: 'request-keys' },
    ),
  );

  return {
    model,
    /** Notes the use of a key: the first one, one with the same request again, or one with another request. */
    async use({
      scope,
      key,
      requestHash,
    }: {
      scope: string;
      key: string;
      requestHash: string;
    }): Promise<'first' | 'repeated' | 'other_request'> {
      const _id = `${scope}:${key}`;
      try {
        await insertPlain(model, { _id, requestHash, createdAt: nowDate() });
        return 'first';
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const first = await model.findById(_id).lean<RequestKeyRecord>();
      return first === null || first.requestHash === requestHash ? 'repeated' : 'other_request';
    },
  };
}
