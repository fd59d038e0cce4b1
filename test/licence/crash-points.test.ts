import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { allPoints, deathPoints, killedAt, startWatched } from './support/crash-points.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { seatFaults } from './support/seat-audit.ts';
import { activationWrites, seatCalls, writes } from './support/seat-calls.ts';

/**
 * The licence server is killed (SIGKILL) around every write of every call that moves a seat or a secret. The writes are
 * observed on the database connection, so a test fails when a call begins to write something that is not listed.
 */
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

describe('killed at every write', () => {
  test.each(Object.entries(writes))(
    '%s: called again, there is one seat, one secret, and nothing left over',
    async (name, of) => {
      const prepare = seatCalls(world, database)[name]!;
      const watched = await startWatched(world);
      try {
        expect(await watched.writesOf((await prepare()).call)).toEqual(of);
      } finally {
        await watched.stop();
      }
      const points = deathPoints(of);
      const failures: string[] = [];
      async function tryPoints(): Promise<void> {
        for (let point = points.shift(); point !== undefined; point = points.shift()) {
          const { write, index, when } = point;
          const say = (what: unknown) => failures.push(`${when} ${write} (${index}): ${what}`);
          const prepared = await prepare();
          const { answer, reached } = await killedAt(world, point, prepared.call);
          if (!reached || answer !== null) say('the server was not killed');
          const again = await prepared.call();
          if (again.status >= 300) say(JSON.stringify(again.body));
          else await prepared.settled(again).catch(say);
          for (const fault of await seatFaults(database, prepared.licenceId)) say(fault);
        }
      }
      await Promise.all([tryPoints(), tryPoints()]);
      expect(failures).toEqual([]);
    },
    300_000,
  );
});

describe('L22: the licence ends during an activation', () => {
  test.each(['revoked', 'removed'] as const)(
    '%s before or after any write of it: no seat and no node is left',
    async (how) => {
      const failures: string[] = [];
      const prepare = seatCalls(world, database)['activate (L5, L6)']!;
      const watched = await startWatched(world);
      // The last write only reports what was done: what is removed then was complete before.
      for (const point of allPoints(activationWrites.slice(0, how === 'removed' ? 3 : 4))) {
        const prepared = await prepare();
        const { licenceId } = prepared;
        const { answer, reached } = await watched.disturbed(point, prepared.call, async () => {
          if (how === 'revoked') await world.admin('POST', `/licenses/${licenceId}/revoke`, { reason: 'meanwhile' });
          else await database.collection<{ _id: string }>('licences').deleteOne({ _id: licenceId });
          return undefined;
        });
        const say = (what: string) => failures.push(`${point.when} ${point.write} (${point.index}): ${what}`);
        if (!reached) say('not reached');
        if (answer === null || answer.status >= 500) say(`answered ${answer?.status}`);
        for (const fault of await seatFaults(database, licenceId)) say(fault);
        const left = await database.collection('activations').countDocuments({ licenceId, status: 'active' });
        if (left > 0) say('a node is active');
      }
      await watched.stop();
      expect(failures).toEqual([]);
    },
    120_000,
  );
});

describe('L35: the connection to the database is cut between an update and its answer', () => {
  test('the check that is asked again gets the same secret, rotated once', async () => {
    const name = 'check (L25, L35)';
    const prepared = await seatCalls(world, database)[name]!();
    const watched = await startWatched(world);
    const [rotate] = deathPoints(writes[name]!).filter(({ when }) => when === 'after');
    const { answer, reached } = await watched.disturbed(rotate!, prepared.call, async () => 'cut');
    expect(reached).toBe(true);
    // The driver repeats the write if the database can tell that it is the same one; otherwise it says 503.
    expect([200, 503]).toContain(answer?.status);
    const again = await prepared.call(watched.url);
    expect([again.status, again.headers.get('Idempotent-Replay')]).toEqual([200, 'true']);
    if (answer?.status === 200) expect(answer.body.secret).toBe(again.body.secret);
    await prepared.settled(again);
    await watched.stop();
  });
});
