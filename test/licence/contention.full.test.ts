import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { contest } from './support/contest.ts';
import { allPoints, killedAt } from './support/crash-points.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { until } from './support/node.ts';
import { seatFaults } from './support/seat-audit.ts';
import { seatCalls, writes } from './support/seat-calls.ts';

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

test('L3, L4: 10,000 contended activations over three servers with kill -9: the count is exact', async () => {
  const plan = { licences: 40, seats: 25, nodes: 250, servers: 3, width: 64, answersPerKill: 400 };
  const { faults, answered, refused, won, kills, repeated } = await contest(world, database, plan);
  process.stdout.write(`10,000 activations: ${won} won, ${refused} refused, ${kills} kills, ${repeated} asked again\n`);
  expect(faults).toEqual([]);
  expect({ answered, refused, won }).toEqual({ answered: 10_000, refused: 9_000, won: 1_000 });
  expect(kills).toBeGreaterThanOrEqual(10);
}, 1_800_000);

describe('killed at every write, and the node never asks again', () => {
  test('after the sweep no seat is held by a node that does not run, and no node runs without one', async () => {
    const failures: string[] = [];
    const licences: [where: string, licenceId: string][] = [];
    const points = Object.entries(writes).flatMap(([name, of]) => allPoints(of).map((point) => ({ name, point })));
    async function tryPoints(): Promise<void> {
      for (let next = points.shift(); next !== undefined; next = points.shift()) {
        const { name, point } = next;
        const prepared = await seatCalls(world, database)[name]!();
        const { answer, reached } = await killedAt(world, point, prepared.call);
        const where = `${name}, ${point.when} ${point.write} (${point.index})`;
        if (!reached || answer !== null) failures.push(`${where}: the server was not killed`);
        licences.push([where, prepared.licenceId]);
      }
    }
    await Promise.all([tryPoints(), tryPoints()]);
    // Every call is over, so whatever is unfinished now stays so: no need to wait ten minutes.
    await world.startBeside({ LICENCE_PENDING_MS: '0', LICENCE_SWEEP_MS: '50' });
    const unfinished = () => database.collection('activations').countDocuments({ unfinishedSince: { $ne: null } });
    await until('everything is swept', async () => (await unfinished()) === 0, 60_000);
    for (const [where, licenceId] of licences) {
      for (const fault of await seatFaults(database, licenceId)) failures.push(`${where}: ${fault}`);
    }
    expect(failures).toEqual([]);
  }, 900_000);
});
