import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { ClaimAnswer, ClaimPollAnswer, ClaimView } from '../../src/licence/protocol/claims.ts';
import { until } from '../support/until.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';

let world: LicenceWorld;
let database: Connection;
const account = 'acc_claims';

beforeAll(async () => {
  world = await startLicenceWorld({
    LICENCE_ACTIVATIONS_PER_HOUR: '100000',
    LICENCE_CLAIM_URL: 'https://portal.test/claim',
    LICENCE_RELAY_MS: '20',
    LICENCE_SWEEP_MS: '30',
  });
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await database?.close();
  await world?.stop();
});

const begin = async (clusterId = `c-${randomUUID()}`, more: Record<string, unknown> = {}) =>
  (await world.call<ClaimAnswer & { code: string }>('POST', '/v1/claims', { clusterId, product, ...more })).body;
const poll = async (claimToken: string, at?: string) =>
  (await world.call<ClaimPollAnswer & { code: string }>('POST', '/v1/claims/poll', { claimToken }, {}, at)).body;
const member = async (path: string, method = 'GET', body?: unknown, of = account) =>
  world.call<ClaimView & { code: string }>(method, `/v1/me/claims/${path}`, body, {
    Authorization: `Bearer ${await world.accounts.token({ account: of })}`,
  });
const approve = (userCode: string, licenseId: string, of = account) =>
  member(`${userCode}/approve`, 'POST', { licenseId }, of);
/** A server with an empty poll memory, as after the interval or at another process. */
const restart = async (more: Record<string, string> = {}) => {
  await world.server().kill('SIGKILL');
  await world.start(more);
};

test('L59: a claim that a member approves gives the key once, and the key works', async () => {
  const { licenseId, licenseKey } = await world.issue({ account });
  const claim = await begin('plant-7');
  expect(claim).toMatchObject({ expiresIn: 600, interval: 5 });
  expect(claim.userCode).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  expect(claim.verifyUrl).toBe(`https://portal.test/claim?code=${claim.userCode}`);
  expect(claim.verifyUrl).not.toContain(claim.claimToken);
  expect(await poll(claim.claimToken)).toEqual({ status: 'PENDING', interval: 5 });
  const shown = await member(claim.userCode.toLowerCase().replace('-', ''));
  expect(shown.body).toMatchObject({ clusterId: 'plant-7', product, status: 'pending', licenseId: null });
  for (const _ of [1, 2]) {
    expect((await approve(claim.userCode, licenseId)).body).toMatchObject({ status: 'approved', licenseId });
  }
  await restart();
  const answers = await Promise.all(Array.from({ length: 20 }, () => poll(claim.claimToken)));
  const given = answers.filter(({ status }) => status === 'ACTIVATED');
  expect(given.map((answer) => answer.licenseKey)).toEqual([licenseKey]);
  expect(answers.filter((answer) => answer.licenseKey !== undefined)).toHaveLength(1);
  expect(await poll(claim.claimToken)).toEqual({ status: 'EXPIRED', interval: 5 });
  expect((await world.activate(licenseKey, { node: { name: 'n1', clusterId: 'plant-7' } })).status).toBe(201);

  const reported = await until(() =>
    database.collection('events').findOne({ type: 'claim.completed', licenceId: licenseId }),
  );
  expect(reported.details).toMatchObject({ clusterId: 'plant-7', approvedBy: 'member:mem_1' });
  const stored = JSON.stringify([
    await database.collection('claims').find().toArray(),
    await database.collection('events').find().toArray(),
    await database.collection('audit').find().toArray(),
    world.server().output(),
  ]);
  for (const secret of [claim.claimToken, licenseKey]) expect(stored).not.toContain(secret);
});

test('L59: polling too fast gets the same words and costs nothing', async () => {
  const claim = await begin();
  expect((await poll(claim.claimToken)).status).toBe('PENDING');
  // Whatever happens to the record now: a node that polls too fast is answered without a query.
  await database.collection('claims').deleteMany({});
  for (const _ of Array.from({ length: 50 })) {
    expect(await poll(claim.claimToken)).toEqual({ status: 'PENDING', interval: 5 });
  }
  await restart();
  expect((await poll(claim.claimToken)).status).toBe('EXPIRED');
});

test('L59: a newer claim of the same cluster supersedes the older one, but none that was approved', async () => {
  const { licenseId, licenseKey } = await world.issue({ account });
  const older = await begin('plant-8');
  const newer = await begin('plant-8');
  expect((await poll(older.claimToken)).status).toBe('EXPIRED');
  expect((await approve(older.userCode, licenseId)).body.code).toBe('CLAIM_NOT_FOUND');
  await approve(newer.userCode, licenseId);
  const newest = await begin('plant-8');
  expect(await poll(newer.claimToken)).toEqual({ status: 'ACTIVATED', interval: 5, licenseKey });
  expect((await poll(newest.claimToken)).status).toBe('PENDING');
});

test('the audit log says what became of a claim from its approval on, nothing of who only begins one', async () => {
  const { licenseId } = await world.issue({ account });
  const [begun, approved] = [await begin('plant-begun'), await begin('plant-approved')];
  expect(begun.claimToken).toMatch(/^clm_/);
  await approve(approved.userCode, licenseId);
  const audited = await database
    .collection('audit')
    .find({ 'after.clusterId': /^plant-(begun|approved)$/ })
    .toArray();
  expect(audited).toMatchObject([{ action: 'claim.approved', after: { clusterId: 'plant-approved' } }]);
});

test('L59: a claim ends after ten minutes, also one that was approved', async () => {
  const { licenseId } = await world.issue({ account });
  const [waiting, approved] = [await begin(), await begin()];
  await approve(approved.userCode, licenseId);
  await restart({ FREEHOLD_CLOCK_OFFSET_MS: '560000' });
  expect((await poll(waiting.claimToken)).status).toBe('PENDING');
  await restart({ FREEHOLD_CLOCK_OFFSET_MS: '601000' });
  for (const { claimToken } of [waiting, approved]) expect((await poll(claimToken)).status).toBe('EXPIRED');
  const iat = Math.floor(Date.now() / 1000) + 601;
  const token = await world.accounts.token({ account }, { iat, exp: iat + 300 });
  const late = await world.call('GET', `/v1/me/claims/${waiting.userCode}`, undefined, {
    Authorization: `Bearer ${token}`,
  });
  expect([late.status, late.body.code]).toEqual([404, 'CLAIM_NOT_FOUND']);
  await restart();
});

test('only an active licence of the same account and product is given, and a member may refuse', async () => {
  await world.putPlan('MAKER', {}, 'other-product');
  const other = await world.issue({ account, product: 'other-product' });
  const suspended = await world.issue({ account, standing: { standing: 'suspended', revision: 1 } as never });
  const foreign = await world.issue({ account: 'acc_other' });
  const claim = await begin();
  expect((await approve(claim.userCode, other.licenseId)).body.code).toBe('CLAIM_LICENSE_REJECTED');
  expect((await approve(claim.userCode, suspended.licenseId)).body.code).toBe('CLAIM_LICENSE_REJECTED');
  expect((await approve(claim.userCode, foreign.licenseId)).body.code).toBe('SUBSCRIPTION_NOT_FOUND');
  expect((await poll(claim.claimToken)).status).toBe('PENDING');
  expect((await member(`${claim.userCode}/refuse`, 'POST')).status).toBe(204);
  await restart();
  expect((await poll(claim.claimToken)).status).toBe('EXPIRED');
  expect((await begin('x', { product: 'nothing' })).code).toBe('UNKNOWN_PRODUCT_OR_PLAN');

  // A licence that was assigned and then transferred is not handed out.
  const mine = await world.issue({ account });
  const late = await begin();
  await approve(late.userCode, mine.licenseId);
  expect((await member(late.userCode, 'GET', undefined, 'acc_other')).body.code).toBe('CLAIM_NOT_FOUND');
  await world.admin('POST', `/licenses/${mine.licenseId}/revoke`, { reason: 'undone' });
  expect(await poll(late.claimToken)).toEqual({ status: 'EXPIRED', interval: 5 });
});

test('who guesses tokens is answered by 429 after ten a minute', async () => {
  const claim = await begin();
  const answers = [];
  for (const _ of Array.from({ length: 12 })) answers.push((await poll(`clm_${randomUUID()}`)).status ?? 429);
  expect(answers).toEqual([...Array(10).fill('EXPIRED'), 429, 429]);
  expect((await poll(claim.claimToken)).status).toBe('PENDING');
});
