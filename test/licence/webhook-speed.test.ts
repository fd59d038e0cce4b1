import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { deliverMany, postMany, toThisMachine } from './support/webhook-load.ts';
import { startReceiver } from './support/webhook-receiver.ts';

let world: LicenceWorld;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let database: Connection;

beforeAll(async () => {
  world = await startLicenceWorld(toThisMachine);
  receiver = await startReceiver();
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await receiver?.stop();
  await database?.close();
  await world?.stop();
});

test('1,000 events to one endpoint: a bounded number at once, over kept connections, about as fast as it answers', async () => {
  const load = { count: 1000, answerMs: 5, limitMs: 100_000 };
  receiver.answerWith((_, response) => void setTimeout(() => response.writeHead(200).end(), load.answerMs));
  const before = await postMany(receiver.url(), load.count);
  const { ms, most, twice, connections } = await deliverMany({ world, receiver, database }, load);
  expect(most).toBeLessThanOrEqual(10);
  expect(most).toBeGreaterThan(1);
  expect(twice).toBe(0);
  expect(connections).toBeLessThan(100);
  // The receiver still takes as long for each.
  const after = await postMany(receiver.url(), load.count);
  // With an update to claim and one to record each delivery it takes 20 times as long on the embedded database.
  expect(ms / ((before + after) / 2)).toBeLessThan(10);
}, 180_000);
