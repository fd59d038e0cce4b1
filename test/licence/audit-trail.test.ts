import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { until } from '../support/until.ts';
import { auditedCalls } from './support/audited-calls.ts';
import { killedAt, startWatched } from './support/crash-points.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { seatCalls, writes } from './support/seat-calls.ts';

/**
 * L77: the server is killed (SIGKILL) after a change was written and before its audit entry is in the log. Another
 * process appends it, and repeating the call adds none for what was done already.
 */
let world: LicenceWorld;
let database: Connection;
const generous = { LICENCE_REQUESTS_PER_10S: '100000', LICENCE_ACTIVATIONS_PER_HOUR: '100000' };
const quick = { ...generous, LICENCE_RELAY_MS: '50', LICENCE_SWEEP_MS: '100', LICENCE_KEYS_RELOAD_MS: '100' };

beforeAll(async () => {
  world = await startLicenceWorld(quick);
  database = await createConnection(world.database.uri).asPromise();
  await world.putPlan('FOREVER', { perpetual: {} });
});
afterAll(async () => {
  await database?.close();
  await world?.stop();
});

const written = (entry: Record<string, unknown>) => database.collection('audit').find(entry).toArray();

/** Whether nothing waits in any document any more. */
async function allAreReported(): Promise<boolean> {
  const collections = await database.listCollections();
  const waiting = await Promise.all(
    collections.map(({ name }) => database.collection(name).countDocuments({ 'outbox.at': { $gt: new Date(0) } })),
  );
  return waiting.every((count) => count === 0);
}

/** Indexes, among the writes of a call, of those that append an entry. */
const appends = (of: string[]) => of.flatMap((write, index) => (write === 'insert audit' ? [index] : []));

test.each(Object.keys(auditedCalls({} as LicenceWorld)))(
  '%s, killed before the entry is appended: it stands there once',
  async (name) => {
    const prepare = auditedCalls(world)[name]!;
    const watched = await startWatched(world);
    const prepared = await prepare();
    const calls = await watched.writesOf(prepared.call);
    await watched.stop();
    for (const entry of prepared.entries) expect(await written(entry)).toHaveLength(1);
    expect(appends(calls)).toHaveLength(prepared.entries.length);

    for (const index of appends(calls)) {
      const { call, entries, changesAgain } = await prepare();
      const { answer, reached } = await killedAt(world, { write: 'insert audit', index, when: 'before' }, call);
      expect([answer, reached]).toEqual([null, true]);
      await until(allAreReported, { what: 'another process has told everything', limitMs: 20_000 });
      // Of a call with two entries the second one's change was perhaps not reached.
      if (entries.length === 1) {
        await until(async () => (await written(entries[0]!)).length > 0, { what: 'the entry stands' });
      }
      await call();
      await until(allAreReported, { what: 'everything is told again', limitMs: 20_000 });
      for (const entry of entries) expect(await written(entry)).toHaveLength(changesAgain ? 2 : 1);
    }
  },
  120_000,
);

test.each(Object.entries(writes).filter(([, of]) => appends(of).length > 0))(
  '%s, killed before an entry is appended: each stands there once',
  async (name, of) => {
    const prepare = seatCalls(world, database)[name]!;
    const actionsOf = async (licenceId: string) => (await written({ licenceId })).map(({ action }) => action).sort();
    const undisturbed = await prepare();
    await undisturbed.call();
    const expected = await actionsOf(undisturbed.licenceId);
    for (const index of appends(of)) {
      const { call, licenceId } = await prepare();
      const { answer, reached } = await killedAt(world, { write: 'insert audit', index, when: 'before' }, call);
      expect([answer, reached]).toEqual([null, true]);
      expect((await call()).status).toBeLessThan(300);
      await until(allAreReported, { what: 'another process has told everything', limitMs: 20_000 });
      expect(await actionsOf(licenceId)).toEqual(expected);
    }
  },
  120_000,
);
