import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { contest } from './support/contest.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

let world: LicenceWorld;
let database: Connection;
beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await database.close();
  await world.stop();
});

test('L3, L4: 480 nodes on 40 seats over two servers that are killed meanwhile: the count is exact', async () => {
  const plan = { licences: 8, seats: 5, nodes: 60, servers: 2, width: 32, answersPerKill: 120 };
  const { faults, answered, refused, won, kills } = await contest(world, database, plan);
  expect(faults).toEqual([]);
  expect({ answered, refused, won }).toEqual({ answered: 480, refused: 440, won: 40 });
  expect(kills).toBeGreaterThanOrEqual(2);
}, 240_000);
