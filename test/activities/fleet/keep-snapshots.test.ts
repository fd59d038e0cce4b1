import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { types as awsTypes } from '../../../emulators/clouds/aws/types.ts';
import { types } from '../../../emulators/clouds/digitalocean/types.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import { keepSnapshots } from '../../../src/activities/fleet/keep-snapshots.ts';
import type { CloudFleetPorts } from '../../../src/activities/fleet/ports.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import type { SnapshotsPage } from '../../../src/contracts/snapshots.ts';
import type { InstanceStatus } from '../../../src/contracts/states.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { cloudStacks } from '../../../src/stacks/clouds.ts';
import { instanceRecord } from '../../support/instance-record.ts';
import { startCloud, type TestCloud } from '../../support/small-cloud.ts';
import { useStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';

/** Snapshot runs on the emulator of DigitalOcean, by its API, and on records in a real database. */

const store = useStore();
const day = 86_400_000;
let cloud: TestCloud;
let env: NodeJS.ProcessEnv;
const former = { ...process.env };
beforeAll(async () => {
  cloud = await startCloud();
  env = doublesEnvironment({ cloudUrl: cloud.url, path: former.PATH ?? '', cacheFolder: '' });
  // The AWS clients read endpoint and credentials only from here.
  Object.assign(process.env, env);
}, 30_000);
afterAll(async () => {
  process.env = former;
  await cloud?.stop();
}, 30_000);

const region = 'fra1';

/** A server with its record and its volume, in the order of the pages. */
async function server(status: InstanceStatus, readyAt?: Date) {
  const _id = newId.instance();
  await store.instances.insert(
    instanceRecord({ _id, cloud: 'digitalocean', region, status, ...(readyAt && { readyAt }) }),
  );
  const tags = [`freehold:instance:${_id}`, 'freehold:resource:volume-node-1'];
  const inputs = { name: `${_id}-volume-node-1`, region, size: 10, tags };
  const request = { type: types.volume, region: '', inputs };
  const { status: answer, body } = await cloud.call('POST', '/v1/doubles/digitalocean/objects', request);
  expect(answer).toBe(201);
  return { instanceId: _id, volumeId: (body as { id: string }).id };
}

const emulator = async () => (await cloudStacks('digitalocean')).snapshots(env);
const listed = async () => (await emulator()).list();

const cloudName = 'digitalocean' as const;
const aws = 'aws' as const;

/** A page, retried as Temporal does where a busy machine closes a connection that the next call is using. */
async function tryPage(page: () => Promise<SnapshotsPage>): Promise<SnapshotsPage> {
  return page().catch((error: unknown) => {
    if (error instanceof ReasonError && error.code === 'cloud_unavailable') return page();
    throw error;
  });
}

/** One run over all pages of one server each. */
async function round(at: number): Promise<SnapshotsPage[]> {
  const ports = {
    store,
    inventoryOf: async () => (await cloudStacks('digitalocean')).inventory(env),
    snapshotsOf: async () => ({ dailySnapshots: 'ours', snapshots: await emulator() }),
  } as unknown as CloudFleetPorts;
  const settings = { at, settlingMs: 0, backMs: 0, clouds: [], pageSize: 1 };
  const pages: SnapshotsPage[] = [];
  for (let after: string | null = ''; after !== null; after = pages.at(-1)!.next) {
    pages.push(
      await tryPage(() => new MockActivityEnvironment().run(keepSnapshots(ports), cloudName, settings, after)),
    );
  }
  return pages;
}
const sum = (pages: SnapshotsPage[], of: 'made' | 'removed') => pages.reduce((total, page) => total + page[of], 0);

test('every volume of a delivered server gets one a day and loses it after two weeks; final ones stay for their time', async () => {
  const first = await server('ready', new Date());
  const second = await server('suspended', new Date());
  await server('provisioning');
  await server('terminated', new Date());
  const volumeIds = [first.volumeId, second.volumeId].sort();
  const at = Date.now();

  // A failure at one volume does not affect the other, and the next run repairs it.
  const fault = { on: 'create', type: types.snapshot, fault: 'denied' };
  expect((await cloud.call('POST', '/v1/doubles/digitalocean/faults', fault)).status).toBe(200);
  const broken = await round(at);
  expect(sum(broken, 'made')).toBe(1);
  const [problem, ...others] = broken.flatMap(({ problems }) => problems);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ cloud: 'digitalocean', reason: 'cloud_permission_missing' });
  expect(volumeIds).toContain(problem?.subject);
  await until(async () => (await listed()).length === 1, { what: 'the first is listed' });
  expect(sum(await round(at), 'made')).toBe(1);
  await until(async () => (await listed()).length === 2, { what: 'both are listed' });
  expect(sum(await round(at), 'made')).toBe(0);
  const made = await listed();
  expect(made.map(({ volumeId }) => volumeId).sort()).toEqual(volumeIds);
  const keepUntil = new Date(at + 14 * day).toISOString().slice(0, 10);
  for (const snapshot of made) expect(snapshot).toMatchObject({ purpose: 'daily', keepUntil });

  const final = { instanceId: first.instanceId, region, purpose: 'final', keepUntil: '2099-01-01' } as const;
  expect(await (await emulator()).make({ id: first.volumeId, resource: 'volume-node-1' }, final)).toBe(true);
  await until(async () => (await listed()).length === 3, { what: 'the final one is listed' });
  expect(sum(await round(at + 14 * day), 'removed')).toBe(0);
  expect(sum(await round(at + 15 * day), 'removed')).toBe(2);
  const rest = (await listed()).filter(({ keepUntil: last }) => last === keepUntil || last === '2099-01-01');
  expect(rest).toMatchObject([{ purpose: 'final' }]);
  expect(sum(await round(Date.parse('2099-01-02')), 'removed')).toBeGreaterThan(0);
  expect((await listed()).filter(({ purpose }) => purpose === 'final')).toEqual([]);
}, 60_000);

test('what a lifecycle policy of AWS has left is removed at the end of its time', async () => {
  const instanceId = newId.instance();
  const make = async (type: string, inputs: object) => {
    const request = { type, region: 'eu-central-1', inputs };
    const { status, body } = await cloud.call('POST', '/v1/doubles/aws/objects', request);
    expect(status).toBe(201);
    return (body as { id: string }).id;
  };
  const volumeId = await make(awsTypes.volume, { availabilityZone: 'eu-central-1a', size: 25, type: 'gp3', tags: {} });
  const id = await make(awsTypes.snapshot, { volumeId, tags: { 'freehold:snapshot-of': instanceId } });
  await make(awsTypes.snapshot, { volumeId, tags: { Name: 'somebody else’s' } });
  const awsEmulator = async () => (await cloudStacks('aws')).snapshots(env);
  const ports = {
    store,
    snapshotsOf: async () => ({ dailySnapshots: 'schedule', snapshots: await awsEmulator() }),
  } as unknown as CloudFleetPorts;
  const removedAt = async (at: number) => {
    const settings = { at, settlingMs: 0, backMs: 0, clouds: [], pageSize: 1 };
    const page: SnapshotsPage = await new MockActivityEnvironment().run(keepSnapshots(ports), aws, settings, '');
    return page.removed;
  };
  const ids = async () => (await (await awsEmulator()).list()).map((snapshot) => snapshot.id);
  await until(async () => (await ids()).length > 0, { what: 'it is listed' });
  expect(await ids()).toEqual([id]);
  expect(await removedAt(Date.now() + 14 * day)).toBe(0);
  expect(await removedAt(Date.now() + 15 * day)).toBe(1);
  expect(await ids()).toEqual([]);
});
