import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { deliverMany, toThisMachine } from './support/webhook-load.ts';
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

test('one process delivers 10,000 events to one fast endpoint within two minutes, each once', async () => {
  const load = { count: 10_000, answerMs: 5, limitMs: 240_000 };
  const { ms, most, twice } = await deliverMany({ world, receiver, database }, load);
  expect(most).toBeLessThanOrEqual(10);
  expect(twice).toBe(0);
  expect(ms).toBeLessThan(120_000);
}, 600_000);
