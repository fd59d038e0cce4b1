import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type Connection, createConnection } from 'mongoose';
import { readOfflineFile } from '../../src/licence/client/offline-file.ts';
import type { OfflineFileAnswer, OfflineFileClaims, OfflineFileList } from '../../src/licence/protocol/offline-file.ts';
import type { WireNode } from '../../src/licence/protocol/requests.ts';
import type { LicenceKeys } from '../../src/licence/protocol/verdict.ts';
import type { Seat } from '../../src/licence/server/store/licence.ts';
import { until } from '../support/until.ts';
import { deathPoints, killedAt, startWatched } from './support/crash-points.ts';
import { type DatabaseCommand, startDatabaseProxy } from './support/database-proxy.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';
import { startWithTurnedClock } from './support/turned-clock.ts';

/** Offline files as the server issues them, read by the client on the node. */

const [hour, day] = [3_600_000, 86_400_000];
let world: LicenceWorld;
let turnTo: (ms: number) => Promise<void>;
let database: Connection;

beforeAll(async () => {
  world = await startLicenceWorld({ LICENCE_ACTIVATIONS_PER_HOUR: '100000', LICENCE_SWEEP_MS: '30' });
  database = await createConnection(world.database.uri).asPromise();
  ({ turnTo } = await startWithTurnedClock(world));
});
afterAll(async () => {
  await database?.close();
  await world?.stop();
});

const issueFile = (licenseId: string, body: Record<string, unknown>, key: string = randomUUID(), at?: string) =>
  world.admin<OfflineFileAnswer & { code: string; detail: string }>(
    'POST',
    `/licenses/${licenseId}/offline-files`,
    { days: 100, ...body },
    { 'Idempotency-Key': key },
    at,
  );
const list = async (licenseId: string) =>
  (await world.admin<OfflineFileList>('GET', `/licenses/${licenseId}/offline-files`)).body.offlineFiles;
const used = async (licenseId: string) => (await world.view(licenseId)).seats.production.used;
const claimsOf = (file: string) => decodeJwt(file.trim()) as unknown as OfflineFileClaims;

/** The result of the client library for a file. */
async function onNode(file: string, node: Omit<WireNode, 'name'> = { clusterId: 'plant-7' }, version = '1.0.0') {
  const path = join(world.folder, `${randomUUID()}.lic`);
  await writeFile(path, file);
  const keys = (await world.call<LicenceKeys>('GET', '/.well-known/license-keys.json')).body;
  const own = { name: 'n1', ...node };
  const expected = { issuer: 'urn:freehold:licence', product, version, mode: 'production' as const, node: own, keys };
  return readOfflineFile(path, expected);
}

test('L58: a file is good on the nodes of its cluster, on no other, and not when a byte was changed', async () => {
  const { licenseId } = await world.issue({ seats: 3, limits: { devices: 7 } });
  const { status, body } = await issueFile(licenseId, { clusterId: 'plant-7', seats: 2 });
  expect(status).toBe(201);
  expect(body).toMatchObject({ clusterId: 'plant-7', fingerprint: null, seats: 2, status: 'issued' });
  expect(await onNode(body.file)).toMatchObject({
    ok: true,
    claims: { limits: { devices: 7 }, lic: { id: licenseId } },
  });
  expect(await onNode(body.file, { clusterId: 'plant-8' })).toMatchObject({ ok: false });
  const [header, payload, signature] = body.file.trim().split('.') as [string, string, string];
  const longer = Buffer.from(JSON.stringify({ ...claimsOf(body.file), exp: 9_999_999_999 })).toString('base64url');
  expect(await onNode([header, longer, signature].join('.'))).toMatchObject({ ok: false });
  const at = payload.length >> 1;
  const changed = payload.slice(0, at) + (payload[at] === 'A' ? 'B' : 'A') + payload.slice(at + 1);
  expect(await onNode([header, changed, signature].join('.'))).toMatchObject({ ok: false });
  const { iat, exp } = claimsOf(body.file);
  expect(exp - iat).toBe(100 * 86_400);
  expect(body.expiresAt).toBe(new Date(exp * 1000).toISOString());
});

test('L58: a cluster with a file cannot be online, one that is online gets no file, and none gets two', async () => {
  const { licenseId, licenseKey } = await world.issue({ seats: 4 });
  const plant7 = { name: 'n1', clusterId: 'plant-7' };
  expect((await issueFile(licenseId, { clusterId: 'plant-7' })).status).toBe(201);
  const online = await world.activate(licenseKey, { node: plant7 });
  expect([online.status, online.body.code]).toEqual([409, 'OFFLINE_LICENSE_ALREADY_ISSUED']);
  const second = await issueFile(licenseId, { clusterId: 'plant-7' });
  expect([second.status, second.body.code]).toEqual([409, 'OFFLINE_LICENSE_ALREADY_ISSUED']);
  const other = await world.activate(licenseKey, { node: { ...plant7, clusterId: 'plant-8' } });
  expect(other.status).toBe(201);
  expect((await issueFile(licenseId, { clusterId: 'plant-8' })).body.code).toBe('OFFLINE_LICENSE_ALREADY_ISSUED');
  await world.call('POST', `/v1/instances/${other.body.instanceId}/release`, { secret: other.body.secret });
  expect((await issueFile(licenseId, { clusterId: 'plant-8' })).status).toBe(201);
  expect((await issueFile(licenseId, { fingerprint: 'tpm-1' })).status).toBe(201);
  const machine = await world.activate(licenseKey, { node: { name: 'm', fingerprint: 'tpm-1' } });
  expect(machine.body.code).toBe('OFFLINE_LICENSE_ALREADY_ISSUED');
  expect(await used(licenseId)).toBe(3);
});

test('L58: a hundred wishes for a file, and nodes that come online meanwhile: never a seat too many', async () => {
  const { licenseId, licenseKey } = await world.issue({ seats: 5 });
  const node = () => ({ name: randomUUID(), clusterId: `c-${Math.floor(Math.random() * 8)}` });
  const requests = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      if (index % 3 === 0) return (await world.activate(licenseKey, { node: node() })).status;
      return (await issueFile(licenseId, { clusterId: node().clusterId })).status;
    }),
  );
  expect(requests.filter((status) => status === 201)).toHaveLength(5);
  expect(await used(licenseId)).toBe(5);
  const files = await list(licenseId);
  expect(new Set(files.map(({ clusterId }) => clusterId)).size).toBe(files.length);
  const online = (await world.view(licenseId)).activations.filter(({ holdsSeat }) => holdsSeat);
  for (const { clusterId } of online) expect(files.map((file) => file.clusterId)).not.toContain(clusterId);
  expect(online.length + files.length).toBe(5);
});

test('L58: when a file has ended, its seats are free and its cluster may go online', async () => {
  const { licenseId, licenseKey } = await world.issue({ seats: 2 });
  const { body } = await issueFile(licenseId, { clusterId: 'plant-7', seats: 2, days: 2 });
  expect((await world.activate(licenseKey)).body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
  await turnTo(2 * day - hour);
  expect((await world.activate(licenseKey)).body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
  await turnTo(2 * day + hour);
  await until(async () => (await list(licenseId))[0]?.status === 'ended', { what: 'the file has ended' });
  expect(await used(licenseId)).toBe(0);
  expect((await world.activate(licenseKey, { node: { name: 'n1', clusterId: 'plant-7' } })).status).toBe(201);
  expect(claimsOf(body.file).exp).toBeLessThan((Date.now() + 2 * day + hour) / 1000);
  await turnTo(0);
});

test('the same key gives the same file, also many times at once; another wish under it is refused', async () => {
  const { licenseId } = await world.issue({ seats: 3 });
  const key = randomUUID();
  const request = { clusterId: 'plant-7' };
  const first = await issueFile(licenseId, request, key);
  const again = await issueFile(licenseId, request, key);
  expect([first.status, again.status]).toEqual([201, 200]);
  expect(again.body).toEqual(first.body);
  expect((await issueFile(licenseId, { clusterId: 'plant-8' }, key)).body.code).toBe('IDEMPOTENCY_CONFLICT');
  const one = `/licenses/${licenseId}/offline-files/${first.body.offlineFileId}`;
  expect((await world.admin('GET', one)).body).toEqual(first.body);
  const unknown = await world.admin('GET', `/licenses/${licenseId}/offline-files/off_0000000000000000`);
  expect([unknown.status, unknown.body.code]).toEqual([404, 'NO_SUCH_OFFLINE_FILE']);

  const parallel = randomUUID();
  const replies = await Promise.all([1, 2, 3, 4].map(() => issueFile(licenseId, { clusterId: 'plant-9' }, parallel)));
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
  const files = replies.filter(({ status }) => status < 300).map(({ body }) => body.file);
  expect(new Set(files).size).toBe(1);
  expect(await used(licenseId)).toBe(2);
  expect((await list(licenseId)).map(({ clusterId }) => clusterId).sort()).toEqual(['plant-7', 'plant-9']);
});

test('what a crash cut short is swept, or resumed by the same key; its seats are not lost', async () => {
  const { licenseId } = await world.issue({ seats: 3 });
  const key = randomUUID();
  const { offlineFileId } = (await issueFile(licenseId, { clusterId: 'plant-7', seats: 3 }, key)).body;
  const records = database.collection<{ _id: string }>('offline-files');
  // As after a crash between taking the seats and handing out the file.
  await records.updateOne({ _id: offlineFileId }, { $set: { status: 'pending' } });
  expect(await list(licenseId)).toEqual([]);
  const resumed = await issueFile(licenseId, { clusterId: 'plant-7', seats: 3 }, key);
  expect([resumed.status, resumed.body.offlineFileId]).toEqual([201, offlineFileId]);
  expect(await used(licenseId)).toBe(3);

  const longAgo = new Date(Date.now() - hour);
  await records.updateOne({ _id: offlineFileId }, { $set: { status: 'pending', issuedAt: longAgo } });
  await until(async () => (await used(licenseId)) === 0, { what: 'its seats are free again', limitMs: 50_000 });
  expect((await issueFile(licenseId, { clusterId: 'plant-7', seats: 3 }, key)).status).toBe(201);

  // A seat of a missing file blocks nobody.
  await records.deleteMany({ licenceId: licenseId });
  expect((await issueFile(licenseId, { clusterId: 'plant-7', seats: 2 })).status).toBe(201);
  expect(await used(licenseId)).toBe(2);
});

test('counts at most 366 days, and no longer than the licence is paid for', async () => {
  const paidUntil = new Date(Date.now() + 20 * day).toISOString();
  const standing = { standing: 'current' as const, revision: 1, paidUntil, endsAt: null };
  const { licenseId } = await world.issue({ seats: 9, standing });
  const file = (await issueFile(licenseId, { clusterId: 'a', days: 366 })).body;
  expect(Math.abs(Date.parse(file.expiresAt) - Date.parse(paidUntil))).toBeLessThan(1000);
  expect((await issueFile(licenseId, { clusterId: 'b', days: 367 })).status).toBe(400);
  await turnTo(20 * day);
  const late = await issueFile(licenseId, { clusterId: 'c' });
  expect([late.status, late.body.code]).toEqual([409, 'OFFLINE_NOT_POSSIBLE']);
  await turnTo(0);
  await world.admin('POST', `/licenses/${licenseId}/standing`, { revision: 2, standing: 'suspended' });
  expect((await issueFile(licenseId, { clusterId: 'd' })).body.code).toBe('SUBSCRIPTION_NOT_ACTIVE');
  for (const wrong of [{}, { clusterId: 'a', fingerprint: 'b' }, { fingerprint: 'b', seats: 2 }, { clusterId: '' }]) {
    expect((await issueFile(licenseId, wrong)).status).toBe(400);
  }
});

test('a file that ends soon is followed by a new one in the same seats', async () => {
  const { licenseId } = await world.issue({ seats: 2 });
  const old = (await issueFile(licenseId, { clusterId: 'plant-7', seats: 2, days: 60 })).body;
  await turnTo(20 * day);
  expect((await issueFile(licenseId, { clusterId: 'plant-7', seats: 2 })).status).toBe(409);
  await turnTo(31 * day);
  const next = await issueFile(licenseId, { clusterId: 'plant-7', seats: 2, days: 60 });
  expect(next.status).toBe(201);
  expect(await used(licenseId)).toBe(2);
  await turnTo(61 * day);
  await until(async () => (await list(licenseId)).some(({ status }) => status === 'ended'), {
    what: 'the old one ended',
  });
  expect((await list(licenseId)).map(({ offlineFileId, status }) => [offlineFileId, status])).toEqual([
    [next.body.offlineFileId, 'issued'],
    [old.offlineFileId, 'ended'],
  ]);
  expect(await used(licenseId)).toBe(2);
  await turnTo(0);
});

/** A file that ends soon, and the call that issues its successor. */
async function renewal() {
  const { licenseId } = await world.issue({ seats: 2 });
  const request = { clusterId: 'plant-7', seats: 2 };
  expect((await issueFile(licenseId, { ...request, days: 20 })).status).toBe(201);
  const key = randomUUID();
  return { licenseId, call: (at?: string) => issueFile(licenseId, request, key, at) };
}

/** Lets the time pass after which the sweeper forgets files that were never handed out, and waits for it. */
async function isForgotten(licenceId: string): Promise<void> {
  const records = database.collection<{ _id: string }>('offline-files');
  const longAgo = new Date(Date.now() - hour);
  const left = async (status: string) => records.countDocuments({ licenceId, status });
  await records.updateMany({ licenceId, status: 'pending' }, { $set: { issuedAt: longAgo } });
  await until(async () => (await left('pending')) === 0, { what: 'the file is withdrawn' });
  await records.updateMany({ licenceId, status: 'withdrawn' }, { $set: { withdrawnAt: longAgo } });
  await until(async () => (await left('withdrawn')) === 0, { what: 'the file is forgotten' });
}

test.each(['a new file', 'a renewal'])(
  'two calls with one key for %s: one is refused, the other takes the seats and dies, and no seat is left over',
  async (of) => {
    const ledger = database.collection<{ _id: string; seats: Seat[] }>('licences');
    const seatsOf = async (id: string) =>
      (await ledger.findOne({ _id: id }))?.seats.map(({ activationId }) => activationId);
    async function firstFile() {
      const { licenseId } = await world.issue({ seats: 2 });
      const key = randomUUID();
      return { licenseId, call: (at?: string) => issueFile(licenseId, { clusterId: 'plant-7', seats: 2 }, key, at) };
    }
    const { licenseId, call } = await (of === 'a renewal' ? renewal() : firstFile());
    const before = await seatsOf(licenseId);
    const proxy = await startDatabaseProxy(world.database.uri);
    const later = { LICENCE_RELAY_MS: '3600000', LICENCE_SWEEP_MS: '3600000' };
    const dying = await world.startBeside({ LICENCE_MONGODB_URI: proxy.uri, ...later });
    const takesSeats = ({ name, collection }: DatabaseCommand) => name === 'update' && collection === 'licences';
    let others = 0;
    proxy.hook({
      async before(command) {
        if (!takesSeats(command)) return undefined;
        others += 1;
        await world.admin('POST', `/licenses/${licenseId}/suspend`, { reason: 'meanwhile' });
        expect((await call()).status).toBe(403);
        await world.admin('POST', `/licenses/${licenseId}/reinstate`);
        return undefined;
      },
      async after(command) {
        if (!takesSeats(command)) return undefined;
        await dying.kill('SIGKILL');
        return 'cut';
      },
    });
    await expect(call(dying.url)).rejects.toThrow('fetch failed');
    await proxy.stop();
    expect(others).toBe(1);
    expect(await seatsOf(licenseId)).not.toEqual(before);
    await isForgotten(licenseId);
    expect(await seatsOf(licenseId)).toEqual(before);
    // The same key issues a file now.
    expect((await call()).status).toBe(201);
    expect(await used(licenseId)).toBe(2);
  },
  60_000,
);

test('L58: killed at any write of handing the seats of a renewal back, the file before has them', async () => {
  const ledger = database.collection<{ _id: string; seats: Seat[] }>('licences');
  async function writesOf({ call }: Awaited<ReturnType<typeof renewal>>): Promise<string[]> {
    const watched = await startWatched(world);
    const writes = await watched.writesOf(call);
    await watched.stop();
    return writes;
  }
  const moved = (await writesOf(await renewal())).indexOf('update licences');
  /** The new file has the seats but was not handed out, and the same call is refused now. */
  async function cutShort() {
    const { licenseId, call } = await renewal();
    await killedAt(world, { write: 'update licences', index: moved, when: 'after' }, call);
    await world.admin('POST', `/licenses/${licenseId}/suspend`, { reason: 'meanwhile' });
    return { licenseId, call };
  }
  const writes = await writesOf(await cutShort());
  expect(writes).toContain('update licences');
  for (const point of deathPoints(writes)) {
    const { licenseId, call } = await cutShort();
    const [before] = (await list(licenseId)).map(({ offlineFileId }) => offlineFileId);
    expect(await killedAt(world, point, call)).toEqual({ answer: null, reached: true });
    await isForgotten(licenseId);
    const held = (await ledger.findOne({ _id: licenseId }))?.seats.map(({ activationId }) => activationId);
    expect([point, held]).toEqual([point, [before, before]]);
    expect(await list(licenseId)).toMatchObject([{ offlineFileId: before, status: 'issued' }]);
  }
}, 300_000);

test('L58: killed at any write of a renewal, its seats are of the old file or of the new one, never free', async () => {
  const records = database.collection<{ _id: string }>('offline-files');
  const watched = await startWatched(world);
  const writes = await watched.writesOf((await renewal()).call);
  await watched.stop();
  expect(writes).toContain('update licences');
  const held: number[] = [];
  for (const point of deathPoints(writes)) {
    const { licenseId, call } = await renewal();
    expect(await killedAt(world, point, call)).toEqual({ answer: null, reached: true });
    const pending = { licenceId: licenseId, status: 'pending' };
    await records.updateOne(pending, { $set: { issuedAt: new Date(Date.now() - hour) } });
    await until(async () => (await records.countDocuments(pending)) === 0, { what: 'nothing is pending' });
    const ledger = database.collection<{ _id: string; seats: Seat[] }>('licences');
    const seatsOf = async () => (await ledger.findOne({ _id: licenseId }))?.seats ?? [];
    const files = async () => (await list(licenseId)).filter(({ status }) => status === 'issued');
    // The sweeper deletes the file first, then moves its seats.
    const settled = async () => {
      const [file, ...others] = await files();
      const seats = await seatsOf();
      return others.length === 0 && seats.every(({ activationId }) => activationId === file?.offlineFileId);
    };
    await until(settled, { what: `one file holds the seats after ${point.write} (${point.index})` });
    const [file] = await files();
    const seats = await seatsOf();
    expect(seats.map(({ offline }) => offline?.until.toISOString())).toEqual([file?.expiresAt, file?.expiresAt]);
    held.push((await list(licenseId)).length);
  }
  expect(new Set(held)).toEqual(new Set([1, 2]));
}, 120_000);

test('L15: where the plan allows one cluster, files of clusters count as its nodes do; a machine binds nothing', async () => {
  await world.putPlan('CLUSTER', { oneCluster: true });
  const issue = () => world.issue({ plan: 'CLUSTER', seats: 5 });
  const online = async (licenseKey: string, clusterId?: string) =>
    (await world.activate(licenseKey, { node: { name: randomUUID(), clusterId } })).body;
  const file = async (licenseId: string, request: Record<string, unknown>) =>
    (await issueFile(licenseId, request)).body;

  const running = await issue();
  const node = await online(running.licenseKey, 'a');
  expect((await file(running.licenseId, { clusterId: 'b' })).code).toBe('CLUSTER_ID_MISMATCH');
  expect((await file(running.licenseId, { fingerprint: 'tpm-1' })).status).toBe('issued');
  await world.call('POST', `/v1/instances/${node.instanceId}/release`, { secret: node.secret });
  // The file of a machine holds a seat, but does not bind the licence to the cluster whose last node has left.
  const next = await online(running.licenseKey, 'b');
  expect(next.instanceId).toBeDefined();
  expect((await file(running.licenseId, { clusterId: 'c' })).code).toBe('CLUSTER_ID_MISMATCH');

  const carried = await issue();
  expect((await file(carried.licenseId, { clusterId: 'b' })).status).toBe('issued');
  expect((await file(carried.licenseId, { clusterId: 'c' })).code).toBe('CLUSTER_ID_MISMATCH');
  for (const other of ['a', undefined]) {
    expect((await online(carried.licenseKey, other)).code).toBe('CLUSTER_ID_MISMATCH');
  }
  expect((await online(carried.licenseKey, 'b')).code).toBe('OFFLINE_LICENSE_ALREADY_ISSUED');

  const raced = await issue();
  const requests = ['a', 'b', 'c', 'd'].map((clusterId) => issueFile(raced.licenseId, { clusterId }));
  const answers = (await Promise.all(requests)).map(({ status }) => status);
  expect(answers.sort()).toEqual([201, 409, 409, 409]);
});

test('of a perpetual licence names the versions that may run', async () => {
  await world.putPlan('PERPETUAL', { perpetual: {} });
  await world.admin('PUT', `/products/${product}/releases/1.0.0`, { releasedOn: '2021-01-01' });
  await world.admin('PUT', `/products/${product}/releases/2.0.0`, { releasedOn: '2024-01-01' });
  const perpetual = { updatesFrom: '2021-01-01', years: 1, price: { amount: 1, currency: 'EUR' } };
  const { licenseId } = await world.issue({ plan: 'PERPETUAL', perpetual });
  const { body } = await issueFile(licenseId, { fingerprint: 'tpm-1' });
  expect(claimsOf(body.file).versions).toEqual(['1.0.0']);
  expect(await onNode(body.file, { fingerprint: 'tpm-1' }, '1.0.0')).toMatchObject({ ok: true });
  expect(await onNode(body.file, { fingerprint: 'tpm-1' }, '2.0.0')).toMatchObject({ ok: false });
});

test('an administrator of the account issues and reads files, others do not, and other accounts find nothing', async () => {
  const account = `acc_${randomUUID().slice(0, 8)}`;
  const { licenseId } = await world.issue({ account });
  const as = async (token: Promise<string>, method: string, path = '', body?: unknown) =>
    world.call<OfflineFileAnswer & OfflineFileList & { code: string }>(
      method,
      `/v1/licenses/${licenseId}/offline-files${path}`,
      body,
      { Authorization: `Bearer ${await token}`, 'Idempotency-Key': randomUUID() },
    );
  const request = { clusterId: 'plant-7', days: 30 };
  expect((await as(world.accounts.token({ account, role: 'viewer' }), 'POST', '', request)).body.code).toBe(
    'ROLE_REQUIRED',
  );
  const elsewhere = world.accounts.token({ account: 'acc_elsewhere' });
  expect((await as(elsewhere, 'POST', '', request)).body.code).toBe('SUBSCRIPTION_NOT_FOUND');
  const issued = await as(world.accounts.token({ account }), 'POST', '', request);
  expect([issued.status, issued.body.issuedBy]).toEqual([201, 'member:mem_1']);
  expect((await as(world.accounts.token({ account, role: 'viewer' }), 'GET')).body.offlineFiles).toHaveLength(1);
  const path = `/${issued.body.offlineFileId}`;
  expect((await as(world.accounts.token({ account }), 'GET', path)).body.file).toBe(issued.body.file);
  expect((await as(elsewhere, 'GET', path)).status).toBe(404);
});
