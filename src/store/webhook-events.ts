import { type Connection, Schema } from 'mongoose';
import { nowDate } from '../runtime/clock.ts';
import { isDuplicateKey } from './duplicate-key.ts';

interface WebhookEvent {
  _id: string;
  type: string;
  receivedAt: Date;
}

/** Ids of processed Stripe events; a second delivery of the same event changes nothing. */
export function webhookEventStore(connection: Connection) {
  const model = connection.model<WebhookEvent>(
    'WebhookEvent',
    new Schema<WebhookEvent>(
      {
        _id: { type: String, required: true },
        type: { type: String, required: true },
        // Stripe delivers for three days and lists events for thirty.
        receivedAt: { type: Date, required: true, expires: '40d' },
      },
      { collection: 'webhook-events' },
    ),
  );

  return {
    model,
    async seen(id: string): Promise<boolean> {
      return (await model.exists({ _id: id })) !== null;
    },
    /** Records an event that was processed. */
    async remember(event: { id: string; type: string }): Promise<void> {
      try {
        await model.create({ _id: event.id, type: event.type, receivedAt: nowDate() });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
  };
}
