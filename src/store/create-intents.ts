import { type Connection, Schema } from 'mongoose';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/**
 * An intent to create something at Stripe, written before the call: base key, hash of the parameters, generation and,
 * after success, the id of the object. Not Stripe's PaymentIntent.
 */
export interface CreateIntent {
  _id: string;
  parametersHash: string;
  generation: number;
  objectId: string | null;
  createdAt: Date;
}

export function createIntentStore(connection: Connection) {
  const model = connection.model<CreateIntent>(
    'CreateIntent',
    new Schema<CreateIntent>(
      {
        _id: { type: String, required: true },
        parametersHash: { type: String, required: true },
        generation: { type: Number, required: true },
        objectId: { type: String, default: null },
        createdAt: { type: Date, required: true },
      },
      { collection: 'create-intents' },
    ),
  );

  return {
    model,
    /** The intent with this base key; the first caller's parameters stay. */
    async open(baseKey: string, parametersHash: string): Promise<CreateIntent> {
      const fresh: CreateIntent = { _id: baseKey, parametersHash, generation: 0, objectId: null, createdAt: nowDate() };
      try {
        await model.create(fresh);
        return fresh;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const existing = await model.findById(baseKey).lean<CreateIntent>();
      if (!existing) throw new Error(`create intent ${baseKey} vanished`);
      return existing;
    },
    /** Whether anything was ever attempted with this base key. */
    async exists(baseKey: string): Promise<boolean> {
      return (await model.exists({ _id: baseKey })) !== null;
    },
    async record(baseKey: string, objectId: string): Promise<void> {
      await model.updateOne({ _id: baseKey }, { $set: { objectId } });
    },
    /** Begins the next generation in place of this object, which is gone, unless another caller already did. */
    async replace(baseKey: string, objectId: string): Promise<void> {
      await model.updateOne(
        { _id: baseKey, objectId },
        { $set: { objectId: null, createdAt: nowDate() }, $inc: { generation: 1 } },
      );
    },
    /** Starts the next generation, unless another caller already did. */
    async nextGeneration(baseKey: string, generation: number): Promise<void> {
      await model.updateOne(
        { _id: baseKey, generation, objectId: null },
        { $set: { generation: generation + 1, createdAt: nowDate() } },
      );
    },
  };
}
