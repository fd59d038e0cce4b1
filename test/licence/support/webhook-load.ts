import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mongoose';
import { Agent, request } from 'undici';
import type { WebhookView } from '../../../src/licence/protocol/events.ts';
import { until } from '../../support/until.ts';
import type { LicenceWorld } from './licence-server.ts';
import type { startReceiver } from './webhook-receiver.ts';

/** Environment of a server whose webhooks may go to this machine; everything else is as configured by default. */
export const toThisMachine = { LICENCE_WEBHOOK_ALLOW_PRIVATE: 'true' };

/** Events as the licence server records them, not delivered to anybody yet. */
export function newEvents(count: number) {
  const at = new Date();
  return Array.from({ length: count }, () => ({
    ...{ _id: `evt_${randomUUID()}`, type: 'seat.claimed', at, licenceId: 'lic_0000000000000000', activationId: null },
    ...{ product: 'p', externalRef: 'r', details: { node: 'n1' }, recordedAt: at, fannedOutAt: null },
  }));
}

/** How long it takes to post as many bodies to the receiver with nothing around it, 10 at once, in ms. */
export async function postMany(url: string, count: number): Promise<number> {
  const agent = new Agent({ connections: 10 });
  const data = { licenseId: 'lic_0000000000000000', product: 'p', externalRef: 'r', instanceId: null, details: {} };
  const body = JSON.stringify({ type: 'seat.claimed', timestamp: new Date().toISOString(), data });
  const headers = { 'content-type': 'application/json', 'webhook-id': 'evt_bare' };
  let left = count;
  async function post(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const answer = await request(url, { dispatcher: agent, method: 'POST', headers, body });
      await answer.body.dump();
    }
  }
  const begun = performance.now();
  await Promise.all(Array.from({ length: 10 }, post));
  const ms = performance.now() - begun;
  await agent.close();
  return ms;
}

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
  const events = newEvents(count);
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
