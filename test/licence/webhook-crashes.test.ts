import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { WebhookView } from '../../src/licence/protocol/events.ts';
import { until } from '../support/until.ts';
import { type DatabaseCommand, startDatabaseProxy } from './support/database-proxy.ts';
import { type LicenceWorld, type ServerProcess, startLicenceWorld } from './support/licence-server.ts';
import { newEvents, toThisMachine } from './support/webhook-load.ts';
import { startReceiver } from './support/webhook-receiver.ts';

/**
 * The server is killed (SIGKILL) around the writes of a delivery: those that make deliveries of an event, claim many of
 * them and record many of them as delivered.
 */
const count = 60;
const quiet = { LICENCE_RELAY_MS: '3600000' };
const quick = { LICENCE_RELAY_MS: '20', LICENCE_WEBHOOK_TIMEOUT_MS: '1000', LICENCE_WEBHOOK_CLAIM_MS: '1000' };

let world: LicenceWorld;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let database: Connection;
let webhookId: string;

beforeAll(async () => {
  world = await startLicenceWorld({ ...toThisMachine, ...quiet });
  receiver = await startReceiver();
  database = await createConnection(world.database.uri).asPromise();
  const events = ['seat.claimed'];
  const key = { 'Idempotency-Key': randomUUID() };
  webhookId = (await world.admin<WebhookView>('POST', '/webhooks', { url: receiver.url(), events }, key)).body
    .webhookId;
});
afterAll(async () => {
  await receiver?.stop();
  await database?.close();
  await world?.stop();
});
afterEach(async () => {
  receiver.answerWith((_, response) => void response.writeHead(204).end());
  await database.collection('deliveries').deleteMany({});
});

async function record(): Promise<string[]> {
  const events = newEvents(count);
  await database.collection('events').insertMany(events as object[]);
  return events.map(({ _id }) => _id);
}
const timesOf = (ids: string[]) => ids.map((id) => receiver.received.filter((one) => one.id === id).length);
const pending = () => database.collection('deliveries').countDocuments({ webhookId, status: { $ne: 'delivered' } });
const allDelivered = (ids: string[]) =>
  until(async () => timesOf(ids).every((times) => times > 0) && (await pending()) === 0, {
    what: 'every event is delivered and recorded',
    limitMs: 60_000,
  });

const isUpdate = ({ name, collection }: DatabaseCommand) => name === 'update' && collection === 'deliveries';
const textOf = ({ body }: DatabaseCommand) => JSON.stringify(body.updates);
const points: Record<string, (command: DatabaseCommand) => boolean> = {
  'made of the events': ({ name, collection }) => name === 'insert' && collection === 'deliveries',
  claimed: (command) => isUpdate(command) && textOf(command).includes('"attempts":1'),
  'recorded as delivered': (command) => isUpdate(command) && textOf(command).includes('"delivered"'),
};

test.each(Object.keys(points).flatMap((what) => ['before', 'after'].map((when) => ({ what, when }))))(
  'killed $when deliveries were $what: none is lost',
  async ({ what, when }) => {
    const ids = await record();
    const proxy = await startDatabaseProxy(world.database.uri);
    let dying: ServerProcess | undefined;
    let isDead = false;
    const kill = (moment: string) => async (command: DatabaseCommand) => {
      if (isDead || moment !== when || !points[what]!(command)) return undefined;
      isDead = true;
      await dying!.kill('SIGKILL');
      return 'cut' as const;
    };
    proxy.hook({ before: kill('before'), after: kill('after') });
    dying = await world.startBeside({ ...quick, LICENCE_MONGODB_URI: proxy.uri, LICENCE_RELAY_MS: '100' });
    await until(() => isDead, { what: 'the server is killed', limitMs: 30_000 });
    await proxy.stop();
    const next = await world.startBeside(quick);
    try {
      await allDelivered(ids);
    } finally {
      await next.kill('SIGTERM');
    }
  },
  120_000,
);

test('a server that stops hands back the deliveries that it has claimed and not made; each is made once', async () => {
  // No claim expires while this test runs.
  const patient = { ...quick, LICENCE_WEBHOOK_TIMEOUT_MS: '60000', LICENCE_WEBHOOK_CLAIM_MS: '600000' };
  const first = await world.startBeside(patient);
  const held: (() => void)[] = [];
  receiver.answerWith((_, response) => void held.push(() => response.writeHead(204).end()));
  const ids = await record();
  await until(() => held.length === 10, { what: 'as many as allowed are under way', limitMs: 30_000 });
  const stopped = first.kill('SIGTERM');
  const claimed = () => database.collection('deliveries').countDocuments({ webhookId, claim: { $ne: null } });
  await until(async () => (await claimed()) === 10, { what: 'the others are handed back', limitMs: 30_000 });
  receiver.answerWith((_, response) => void response.writeHead(204).end());
  for (const answer of held) answer();
  await stopped;
  const next = await world.startBeside(patient);
  try {
    await allDelivered(ids);
  } finally {
    await next.kill('SIGTERM');
  }
  expect(timesOf(ids)).toEqual(ids.map(() => 1));
  const attempts = await database.collection('deliveries').distinct('attempts', { webhookId });
  expect(attempts).toEqual([1]);
}, 120_000);

test('claimed deliveries that would start too late are handed back, and made once each', async () => {
  // Half of the claim's margin passes while the first ones wait for their answer.
  const brief = { ...quick, LICENCE_WEBHOOK_TIMEOUT_MS: '60000', LICENCE_WEBHOOK_CLAIM_MS: '1000' };
  const held: (() => void)[] = [];
  receiver.answerWith((_, response) => void held.push(() => response.writeHead(204).end()));
  const server = await world.startBeside(brief);
  try {
    const ids = await record();
    await until(() => held.length === 10, { what: 'as many as allowed are under way', limitMs: 30_000 });
    const reclaimed = async () => {
      const all = await database.collection('deliveries').find({ webhookId }).toArray();
      return new Set(all.map(({ nextAt }) => (nextAt as Date).getTime())).size > 1 && all.length === count;
    };
    await until(reclaimed, { what: 'some are claimed again', limitMs: 30_000 });
    receiver.answerWith((_, response) => void response.writeHead(204).end());
    for (const answer of held) answer();
    await allDelivered(ids);
    expect(timesOf(ids)).toEqual(ids.map(() => 1));
    expect(await database.collection('deliveries').distinct('attempts', { webhookId })).toEqual([1]);
  } finally {
    await server.kill('SIGTERM');
  }
}, 120_000);
