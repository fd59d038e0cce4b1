import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { type DatabaseCommand, type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { until } from './support/node.ts';
import { seatCalls } from './support/seat-calls.ts';

/**
 * L78: every query that the licence server really sends, observed while each call runs, uses an index that the server
 * has declared. A real MongoDB is also asked for its query plan.
 */
interface Query {
  collection: string;
  filter: Record<string, unknown>;
  command: DatabaseCommand;
}

let world: LicenceWorld;
let database: Connection;
let proxy: DatabaseProxy;
const seen = new Map<string, Query>();

beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
  proxy = await startDatabaseProxy(world.database.uri);
  proxy.hook({
    async before(command) {
      for (const filter of filtersOf(command)) {
        const shape = `${command.name} ${command.collection} ${JSON.stringify(shapeOf(filter))}`;
        seen.set(shape, { collection: command.collection, filter, command });
      }
      return undefined;
    },
  });
  const own = { LICENCE_MONGODB_URI: proxy.uri, LICENCE_SWEEP_MS: '50', LICENCE_RELAY_MS: '200' };
  await world.start(own);
  await useEveryCall();
}, 120_000);
afterAll(async () => {
  await database.close();
  await world.stop();
  await proxy.stop();
});

/** Every call of nodes, with every variation that changes the database queries, and both kinds of sweep. */
async function useEveryCall(): Promise<void> {
  for (const prepare of Object.values(seatCalls(world, database))) {
    const { call, settled } = await prepare();
    await settled(await call());
    await call();
  }
  const licence = await world.issue();
  const { licenseKey, licenseId } = licence;
  const first = await world.activate(licenseKey);
  await world.activate(licenseKey);
  await world.call('POST', '/v1/licenses/validate', { licenseKey });
  const requestId = randomUUID();
  const { instanceId, secret } = first.body;
  await world.check(instanceId, { secret, requestId });
  await world.check(instanceId, { secret, requestId });
  await world.check(instanceId, { secret });
  await world.admin('POST', `/licenses/${licenseId}/standing`, { standing: 'current', revision: 2 });
  await world.admin('POST', `/licenses/${licenseId}/entitlements`, { revision: 1, plan: 'MAKER', seats: 2 });
  const longAgo = new Date(Date.now() - 3_600_000);
  const rows = database.collection<{ _id: string }>('activations');
  const begun = await world.activate(licenseKey);
  const pending = { status: 'pending', activatedAt: null, unfinishedSince: longAgo };
  await rows.updateOne({ _id: begun.body.instanceId }, { $set: pending });
  await rows.updateOne(
    { _id: instanceId },
    { $set: { status: 'released', endedAt: longAgo, unfinishedSince: longAgo } },
  );
  const unfinished = () => rows.countDocuments({ licenceId: licenseId, unfinishedSince: { $exists: true } });
  await until('both are swept', async () => (await unfinished()) === 0);
  await world.admin('POST', `/licenses/${licenseId}/revoke`, { reason: 'over' });
}

function filtersOf({ name, body }: DatabaseCommand): Record<string, unknown>[] {
  const many = (member: string) => (body[member] as { q: Record<string, unknown> }[]).map(({ q }) => q);
  switch (name) {
    case 'find':
      return [body.filter as Record<string, unknown>];
    case 'findAndModify':
      return [body.query as Record<string, unknown>];
    case 'update':
      return many('updates');
    case 'delete':
      return many('deletes');
    case 'aggregate':
      return [(body.pipeline as { $match?: Record<string, unknown> }[])[0]?.$match ?? {}];
    default:
      return [];
  }
}

const operatorsOf = (condition: unknown): string[] | null =>
  typeof condition === 'object' && condition !== null && Object.keys(condition).some((key) => key.startsWith('$'))
    ? Object.keys(condition)
    : null;

/** The filter without its values. */
function shapeOf(filter: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(filter).map(([field, value]) => [field, operatorsOf(value) ?? 'equals']));
}

/** Fields that an index can be used for: equal to, one of, or in a range; never `$ne`, `$or`, `$expr`. */
function findable(filter: Record<string, unknown>): string[] {
  const byRange = ['$in', '$gt', '$gte', '$lt', '$lte'];
  return Object.entries(filter)
    .filter(([field, condition]) => {
      if (field.startsWith('$')) return false;
      const operators = operatorsOf(condition);
      return operators === null || operators.some((operator) => byRange.includes(operator));
    })
    .map(([field]) => field);
}

/** Whether the fields match an index: all of them are its prefix, or the whole index is among them. */
function leads(fields: string[], index: string[]): boolean {
  const prefix = index.findIndex((field) => !fields.includes(field));
  return prefix === -1 || prefix === fields.length;
}

describe('L78: the queries of the licence server', () => {
  test('were seen for every collection that a call of a node reads or changes', () => {
    const collections = new Set([...seen.values()].map(({ collection }) => collection));
    expect([...collections]).toEqual(expect.arrayContaining(['activations', 'enrolments', 'licences', 'plans']));
    expect([...seen.keys()]).toContain(
      'find deliveries {"status":"equals","nextAt":["$lte"],"webhookId":["$nin"],"_id":["$nin"]}',
    );
    expect(seen.size).toBeGreaterThan(20);
  });

  test('each is found by a declared index', async () => {
    const indexes = new Map<string, string[][]>();
    for (const { collection } of seen.values()) {
      if (indexes.has(collection)) continue;
      const declared = await database.collection(collection).indexes();
      indexes.set(
        collection,
        declared.map(({ key }) => Object.keys(key)),
      );
    }
    // The sweep reads all plans and the relay all endpoints: they are few, and each is needed.
    const whole = ['find plans {}', 'find webhooks {}'];
    const uncovered = [...seen].flatMap(([shape, { collection, filter }]) => {
      if (whole.includes(shape)) return [];
      const fields = findable(filter);
      const covered = fields.length > 0 && indexes.get(collection)!.some((index) => leads(fields, index));
      return covered ? [] : [shape];
    });
    expect(uncovered).toEqual([]);
  });

  const real = process.env.MONGODB_URI !== undefined || process.env.MONGOD_BINARY !== undefined;
  (real ? test : test.skip)(
    'a real MongoDB scans no collection for any of them (skipped where there is none: set MONGODB_URI or MONGOD_BINARY)',
    async () => {
      const scanning: string[] = [];
      for (const [shape, { command }] of seen) {
        if (shape === 'find plans {}' || shape === 'find webhooks {}') continue;
        const { lsid, txnNumber, $db, $clusterTime, $readPreference, ...body } = command.body;
        const plan = await database.db!.command({ explain: body, verbosity: 'queryPlanner' });
        if (JSON.stringify(plan).includes('"COLLSCAN"')) scanning.push(shape);
      }
      expect(scanning).toEqual([]);
    },
  );

  test('the rule itself tells what an index cannot find', () => {
    expect(leads(['status', 'licenceId'], ['licenceId', 'status', 'endedAt'])).toBe(true);
    expect(leads(['_id', 'status'], ['_id'])).toBe(true);
    expect(leads(['status'], ['licenceId', 'status'])).toBe(false);
    expect(leads(['licenceId', 'mode'], ['licenceId', 'status'])).toBe(false);
    expect(findable({ a: { $ne: 1 }, $expr: {}, b: 2, c: { $in: [] } })).toEqual(['b', 'c']);
  });
});
