import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mongoose';
import type { WebhookView } from '../../../src/licence/protocol/events.ts';
import { until } from '../../support/until.ts';
import type { LicenceWorld } from './licence-server.ts';
import type { startReceiver } from './webhook-receiver.ts';

/** Environment of a server whose webhooks may go to this machine; everything else is as configured by default. */
export const toThisMachine = { LICENCE_WEBHOOK_ALLOW_PRIVATE: 'true' };

/**
 * Records this many events at once, as if so many changes had just happened, and waits until the receiver has them all.
 * It takes `answerMs` for each.
 */
export async function deliverMany(
  {
    world,
    receiver,
    database,
  }: {
    world: LicenceWorld;
    receiver: Awaited<ReturnType<typeof startReceiver>>;
    database: Connection;
  },
  { count, answerMs, limitMs }: { count: number; answerMs: number; limitMs: number },
) {
  let [inFlight, most] = [0, 0];
  const got = new Map<string, number>();
  const connections = new Set<unknown>();
  receiver.answerWith(({ id }, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    connections.add(response.socket);
    void delay(answerMs).then(() => {
      inFlight -= 1;
      got.set(id, (got.get(id) ?? 0) + 1);
      response.writeHead(200).end('thank you');
    });
  });
  const { body } = await world.admin<WebhookView>(
    'POST',
    '/webhooks',
    { url: receiver.url(), events: ['seat.claimed'] },
    { 'Idempotency-Key': randomUUID() },
  );
  const at = new Date();
  const events = Array.from({ length: count }, () => ({
    ...{ _id: `evt_${randomUUID()}`, type: 'seat.claimed', at, licenceId: 'lic_0000000000000000', activationId: null },
    ...{ product: 'p', externalRef: 'r', details: { node: 'n1' }, recordedAt: at, fannedOutAt: null },
  }));
  const begun = performance.now();
  for (let from = 0; from < count; from += 1000) {
    await database.collection('events').insertMany(events.slice(from, from + 1000) as object[]);
  }
  await until(() => got.size === count, { what: `${count} events arrive`, limitMs, everyMs: 50 });
  const ms = performance.now() - begun;
  const pending = { webhookId: body.webhookId, status: 'pending' };
  const settled = async () => (await database.collection('deliveries').countDocuments(pending)) === 0;
  await until(settled, { what: 'every delivery is settled', limitMs });
  return { ms, most, twice: [...got.values()].filter((times) => times > 1).length, connections: connections.size };
}
