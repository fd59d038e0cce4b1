import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { LicenceView, StandingPush } from '../../src/licence/protocol/admin.ts';
import { until } from '../support/until.ts';
import { adminToken, type LicenceWorld, type ServerProcess, startLicenceWorld } from './support/licence-server.ts';

/** The licence follows the standing as the control plane pushes it, in whatever order the pushes arrive. */

let world: LicenceWorld;
let database: Connection;
let servers: ServerProcess[];
beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
  servers = [world.server(), await world.start()];
});
afterAll(async () => {
  await database?.close();
  await world?.stop();
});

const push = (licenseId: string, body: Partial<StandingPush>, at?: string) =>
  world.call<LicenceView>(
    'POST',
    `/v1/admin/licenses/${licenseId}/standing`,
    body,
    { Authorization: `Bearer ${adminToken}` },
    at,
  );
const eventsOf = async (licenceId: string) =>
  (await database.collection('events').find({ licenceId }).toArray()).map(({ type }) => String(type));

test('L61: a late payment interrupts nothing; one that fails for good suspends at the next check; paid, the same nodes go on', async () => {
  const paidUntil = '2040-01-01T00:00:00.000Z';
  const { licenseId, licenseKey } = await world.issue({ seats: 2 });
  const nodes = await Promise.all([1, 2].map(async () => (await world.activate(licenseKey)).body));
  const checkAll = () => Promise.all(nodes.map(({ instanceId, secret }) => world.check(instanceId, { secret })));
  const goOn = async () => {
    const replies = await checkAll();
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    for (const [index, { body }] of replies.entries()) nodes[index]!.secret = body.secret;
    return replies.map(({ body }) => body.notices.map(({ code }) => code));
  };
  expect(await goOn()).toEqual([[], []]);
  for (const [revision, standing, notice] of [
    [2, 'past_due', 'PAST_DUE'],
    [3, 'restricted', 'RESTRICTED'],
    [4, 'disputed', 'DISPUTED'],
  ] as const) {
    await push(licenseId, { revision, standing, paidUntil });
    expect(await goOn()).toEqual([[notice], [notice]]);
  }
  await push(licenseId, { revision: 5, standing: 'current', paidUntil });
  expect(await goOn()).toEqual([[], []]);

  await push(licenseId, { revision: 6, standing: 'suspended', paidUntil });
  for (const refused of await checkAll()) {
    expect([refused.status, refused.body.code]).toEqual([403, 'SUBSCRIPTION_NOT_ACTIVE']);
    expect(await world.claimsOf(refused.body.verdict)).toMatchObject({
      lic: { status: 'SUSPENDED' },
      refusal: { num: 103, detail: expect.stringContaining('pay the open invoice') },
    });
  }
  await push(licenseId, { revision: 7, standing: 'current', paidUntil });
  // The same instance ids and the same secrets: nothing was activated again.
  expect(await goOn()).toEqual([[], []]);
  const { activations, seats } = await world.view(licenseId);
  expect(seats.production).toEqual({ limit: 2, used: 2 });
  expect(activations.map(({ instanceId }) => instanceId).sort()).toEqual(nodes.map((node) => node.instanceId).sort());
}, 120_000);

test('L62: news that come twice and in any order end in the same licence', async () => {
  const news: Partial<StandingPush>[] = [
    { revision: 2, standing: 'past_due', paidUntil: '2040-01-01T00:00:00.000Z' },
    { revision: 3, standing: 'current', paidUntil: '2040-02-01T00:00:00.000Z' },
    { revision: 4, standing: 'suspended', paidUntil: '2040-02-01T00:00:00.000Z' },
    { revision: 5, standing: 'terminated', paidUntil: '2040-02-01T00:00:00.000Z' },
  ];
  const ends = new Set<string>();
  for (const order of permutations(news)) {
    const { licenseId } = await world.issue();
    for (const each of [...order, order[0]!]) expect((await push(licenseId, each)).status).toBe(200);
    const { standing, status } = await world.view(licenseId);
    ends.add(JSON.stringify({ standing, status }));
  }
  expect([...ends].map((end) => JSON.parse(end))).toEqual([
    {
      standing: { standing: 'terminated', revision: 5, paidUntil: '2040-02-01T00:00:00.000Z', endsAt: null },
      status: 'EXPIRED',
    },
  ]);
}, 120_000);

test('L62: the same news to two servers at once are applied and told once', async () => {
  const { licenseId } = await world.issue();
  const news = [
    { revision: 2, standing: 'suspended' },
    { revision: 3, standing: 'current' },
    { revision: 4, standing: 'suspended' },
  ] as const;
  for (const each of news) {
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, index) => push(licenseId, each, servers[index % 2]?.url)),
    );
    expect(new Set(replies.map(({ body }) => body.standing.revision))).toEqual(new Set([each.revision]));
  }
  const expected = ['created', 'activated', 'suspended', 'reinstated', 'suspended'].map((what) => `license.${what}`);
  await until(async () => (await eventsOf(licenseId)).length >= expected.length, { what: 'all is told' });
  expect((await eventsOf(licenseId)).sort()).toEqual(expected.sort());
  const audited = await world.admin<{ entries: { action: string }[] }>('GET', `/audit?licenseId=${licenseId}`);
  expect(audited.body.entries.filter(({ action }) => action === 'license.standing')).toHaveLength(3);
});

function permutations<T>(all: T[]): T[][] {
  if (all.length <= 1) return [all];
  return all.flatMap((one, at) => permutations(all.filter((_, other) => other !== at)).map((rest) => [one, ...rest]));
}
