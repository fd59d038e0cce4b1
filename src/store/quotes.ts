import { type Connection, Schema } from 'mongoose';
import { insertPlain } from './insert-plain.ts';
import type { QuoteRecord } from './records.ts';

/** Quotes: written once, never changed, kept for a week after their expiry; an order contains its quote. */
export function quoteStore(connection: Connection) {
  const model = connection.model<QuoteRecord>(
    'Quote',
    new Schema<QuoteRecord>(
      {
        _id: { type: String, required: true },
        content: { type: Schema.Types.Mixed, required: true },
        signature: { type: String, required: true },
        holdTokenHash: { type: String, required: true },
        createdAt: { type: Date, required: true },
        expiresAt: { type: Date, required: true, expires: '7d' },
      },
      { collection: 'quotes', minimize: false },
    ),
  );

  return {
    model,
    async insert(quote: QuoteRecord): Promise<void> {
      await insertPlain(model, quote);
    },
    async find(id: string): Promise<QuoteRecord | null> {
      return model.findById(id).lean<QuoteRecord>();
    },
  };
}
