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

test('a delivery that has ended starts the next one: a bounded number at once, over kept connections', async () => {
  const load = { count: 600, answerMs: 5, limitMs: 75_000 };
  const { most, twice, connections } = await deliverMany({ world, receiver, database }, load);
  expect(most).toBeLessThanOrEqual(10);
  expect(most).toBeGreaterThan(1);
  expect(twice).toBe(0);
  expect(connections).toBeLessThan(100);
}, 120_000);
