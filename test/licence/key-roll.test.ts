import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  compactVerify,
  createLocalJWKSet,
  decodeProtectedHeader,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  SignJWT,
} from 'jose';
import type { SigningKeyList } from '../../src/licence/protocol/signing-keys.ts';
import type { LicenceKeys } from '../../src/licence/protocol/verdict.ts';
import { publishedUntil, ripeAt, rolled } from '../../src/licence/server/keys/key-roll-rules.ts';
import { newSigningKey, SigningKey } from '../../src/licence/server/keys/keys-file.ts';
import { until } from '../support/until.ts';
import { type LicenceWorld, product, type ServerProcess, startLicenceWorld } from './support/licence-server.ts';
import { startNodes } from './support/node.ts';

const day = 86_400_000;
let world: LicenceWorld;
let keysFile: string;

beforeAll(async () => {
  world = await startLicenceWorld({ LICENCE_KEYS_RELOAD_MS: '30' });
  keysFile = join(world.folder, 'keys', 'licence.json');
});
afterAll(() => world?.stop());

const list = async () => (await world.admin<SigningKeyList>('GET', '/signing-keys')).body.keys;
const roll = (to: string | undefined, more = {}) =>
  world.admin<SigningKeyList & { code: string; detail: string }>('POST', '/signing-keys/roll', { to, ...more });
const published = async (at?: string) =>
  (await world.call<JSONWebKeySet>('GET', '/.well-known/license-keys.json', undefined, {}, at)).body.keys.map(
    ({ kid }) => String(kid),
  );
const kidOf = async (state: string) => (await list()).find((key) => key.state === state)?.kid;
const later = async (ms: number): Promise<ServerProcess> => {
  await world.server().kill('SIGKILL');
  return world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(ms) });
};

test('L47: the next key signs only after a grace period and a day of being published', async () => {
  const [current, next] = [await kidOf('current'), await kidOf('next')];
  const early = await roll(next);
  expect([early.status, early.body.code]).toEqual([409, 'KEY_ROLL_TOO_EARLY']);
  expect(early.body.detail).toContain(String((await list()).find(({ kid }) => kid === next)?.usableFrom));
  await later(2 * day - 3_600_000);
  expect((await roll(next)).body.code).toBe('KEY_ROLL_TOO_EARLY');
  expect((await roll('lic-unknown')).body.code).toBe('KEY_ROLL_REFUSED');
  expect(await kidOf('current')).toBe(current);
  await later(2 * day + 3_600_000);
  // A plan with a longer grace period makes the wait longer.
  await world.putPlan('PATIENT', { check: { graceSec: 30 * 86_400 } });
  expect((await roll(next)).body.code).toBe('KEY_ROLL_TOO_EARLY');
});

test('L47: after a roll every server signs with the new key, and what the old one signed still verifies', async () => {
  const here = await later(40 * day);
  const there = await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(40 * day) });
  const [current, next] = [await kidOf('current'), await kidOf('next')];
  const { licenseId, licenseKey } = await world.issue({ seats: 5 });
  const before = await world.activate(licenseKey);
  const file = await world.admin<{ file: string }>(
    'POST',
    `/licenses/${licenseId}/offline-files`,
    { clusterId: 'plant-7', days: 366 },
    { 'Idempotency-Key': randomUUID() },
  );
  for (const jws of [before.body.license, file.body.file]) expect(decodeProtectedHeader(jws).kid).toBe(current);

  const hash = async () =>
    createHash('sha256')
      .update(await readFile(keysFile))
      .digest('hex');
  expect((await roll(next)).status).toBe(200);
  const once = await hash();
  // Repeating the call, after its answer was lost, rolls no further.
  expect((await roll(next)).status).toBe(200);
  expect(await hash()).toBe(once);
  expect((await stat(keysFile)).mode & 0o777).toBe(0o600);
  expect(await readdir(dirname(keysFile))).toEqual(['licence.json']);

  for (const { url } of [here, there]) {
    await until(
      async () => {
        const { body } = await world.call<{ instanceId: string; secret: string; license: string }>(
          'POST',
          '/v1/activations',
          {
            ...{ licenseKey, activationId: randomUUID(), product: 'freehold-server', version: '1.0.0' },
            node: { name: url },
          },
          {},
          url,
        );
        return decodeProtectedHeader(body.license).kid === next;
      },
      { what: 'this server signs with the new key', everyMs: 100 },
    );
    expect(await published(url)).toContain(current);
  }
  // A node that was offline during the roll: its old verdict verifies, and so does its next one.
  expect((await world.claimsOf(before.body.license)).seq).toBe(0);
  const check = await world.check(before.body.instanceId, { secret: before.body.secret });
  expect(decodeProtectedHeader(check.body.license).kid).toBe(next);
  expect((await world.claimsOf(check.body.license)).seq).toBe(1);

  const keys = await list();
  expect(keys.map(({ state }) => state).sort()).toEqual(['current', 'next', 'retired']);
  const retired = keys.find(({ state }) => state === 'retired');
  const fileEnds = 40 * day + 366 * day + Date.now();
  expect(Date.parse(String(retired?.publishedUntil))).toBeGreaterThan(fileEnds - 60_000);
  await there.kill('SIGKILL');
  await here.kill('SIGKILL');
  await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(40 * day + 366 * day) });
  expect(await published()).toContain(current);
  await later(40 * day + 368 * day);
  expect(await published()).not.toContain(current);
});

test('a key in wrong hands is dropped at once, and its revocation is published for good', async () => {
  const [current, next] = [await kidOf('current'), await kidOf('next')];
  const thief = SigningKey.parse(
    (JSON.parse(await readFile(keysFile, 'utf8')) as { signing: { kid: string }[] }).signing.find(
      ({ kid }) => kid === current,
    ),
  );
  const before = (await world.call<LicenceKeys>('GET', '/.well-known/license-keys.json')).body;
  expect((await roll(next, { compromised: true })).status).toBe(200);
  expect(await kidOf('current')).toBe(next);
  expect(await published()).not.toContain(current);
  const after = (await world.call<LicenceKeys>('GET', '/.well-known/license-keys.json')).body;
  expect(after.revocations).toHaveLength(1);
  const { body } = await world.admin<SigningKeyList>('GET', '/signing-keys');
  expect(body.revoked).toEqual([{ kid: current, revokedAt: expect.any(String) }]);
  // It is signed by the revoked key itself, so that every node that knows the key can verify it.
  const [revocation] = after.revocations ?? [];
  const known = createLocalJWKSet(before as JSONWebKeySet);
  await expect(compactVerify(String(revocation), known)).resolves.toMatchObject({
    protectedHeader: { kid: thief.kid, typ: 'lic-key-revoked+jws' },
  });
  for (const jws of after.endorsements ?? []) expect(decodeProtectedHeader(jws).kid).not.toBe(current);
  await later(400 * day);
  const much = (await world.call<LicenceKeys>('GET', '/.well-known/license-keys.json')).body;
  expect(much.revocations).toEqual(after.revocations);
});

test('a node that pins the keys of its installation follows every roll, and no key in wrong hands', async () => {
  const installed = (await world.call<LicenceKeys>('GET', '/.well-known/license-keys.json')).body;
  const pinned = { keys: installed.keys };
  const { licenseId, licenseKey } = await world.issue({ seats: 3 });
  const nodes = await startNodes(() => (url, init) => fetch(url.replace('http://licence.test', world.url()), init));
  const stateFile = nodes.newStateFile();
  const client = nodes.client({ stateFile, licenseKey, publicKeys: pinned });
  await client.start();
  expect((await client.check()).state).toBe('OK');
  const stolen = SigningKey.parse(
    (JSON.parse(await readFile(keysFile, 'utf8')) as { signing: { state: string }[] }).signing.find(
      ({ state }) => state === 'current',
    ),
  );
  // Twice, so that a key signs that did not exist when the node was installed.
  for (let round = 0; round < 2; round += 1) {
    expect((await roll(await kidOf('next'), { compromised: round === 0 })).status).toBe(200);
    if (round === 0) await later((402 + 30 + 2) * day);
    expect((await client.check()).state).toBe('OK');
  }
  const state = JSON.parse(await readFile(stateFile, 'utf8')) as { keys: LicenceKeys; verdict: string };
  expect(decodeProtectedHeader(state.verdict).kid).toBe(await kidOf('current'));
  expect(pinned.keys.map(({ kid }) => kid)).not.toContain(await kidOf('current'));

  const thief = await importJWK(stolen.jwk as JWK, 'EdDSA');
  const file = join(world.folder, 'forged.lic');
  await writeFile(file, await forgedFile(thief, stolen.kid, licenseId));
  const offline = { offlineFile: file, node: { name: 'n1', clusterId: 'plant-7' } };
  await client.stop();
  const again = nodes.client({ stateFile, publicKeys: pinned, ...offline });
  await again.start();
  expect(await again.check()).toMatchObject({ reason: { code: 'OFFLINE_FILE_REFUSED' } });
  // Where the installation has the new document, the file is refused without ever asking the server.
  const fresh = (await world.call<LicenceKeys>('GET', '/.well-known/license-keys.json')).body;
  const apart = nodes.client({ stateFile: nodes.newStateFile(), publicKeys: fresh, ...offline });
  await apart.start();
  expect(await apart.check()).toMatchObject({ state: 'NONE', reason: { code: 'OFFLINE_FILE_REFUSED' } });
  await nodes.stop();
});

function forgedFile(key: Parameters<SignJWT['sign']>[0], kid: string, licenceId: string): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  return new SignJWT({
    ...{ iss: 'urn:freehold:licence', aud: product, sub: 'off_0123456789abcdef', jti: 'off_0123456789abcdef' },
    ...{ iat, exp: iat + 100 * 86_400, cluster: 'plant-7', seats: 3, mode: 'production' },
    lic: {
      ...{ id: licenceId, kind: 'subscription', status: 'ACTIVE', plan: 'MAKER', planRev: 1 },
      ...{ periodEnd: null, updatesUntil: null },
    },
    ...{ versions: null, limits: {}, features: {}, enforcement: 'readonly' },
  })
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'lic-offline+jws' })
    .sign(key);
}

test('of several that roll at once all have rolled to the same key, once', async () => {
  const next = await kidOf('next');
  const replies = await Promise.all(Array.from({ length: 8 }, () => roll(next, { compromised: true })));
  expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(await kidOf('current')).toBe(next);
  expect((await list()).filter(({ state }) => state === 'next')).toHaveLength(1);
});

test('a keys file that is damaged while the server runs changes nothing and is told', async () => {
  const good = await readFile(keysFile, 'utf8');
  const before = await published();
  await writeFile(keysFile, good.slice(0, 100));
  await until(() => world.server().output().includes('the keys file is unusable'), { what: 'it is told' });
  expect(await published()).toEqual(before);
  const secret = (JSON.parse(good) as { pepper: string }).pepper;
  expect(world.server().output()).not.toContain(secret);
  await writeFile(keysFile, good);
});

describe('the rules', () => {
  const at = new Date('2030-01-01T00:00:00Z');
  const keys = [newSigningKey('current', at), newSigningKey('next', at)];

  const roll = (on: Date) => ({
    ...{ entry: '0'.repeat(24), at: on.toISOString(), actor: 'control-plane', requestId: 'req_1' },
    ...{ from: 'lic-0', compromised: false },
  });

  test('the next key signs after the longest grace period and the day in which nodes fetch keys', () => {
    expect(ripeAt(keys[1]!, 3 * day)).toEqual(new Date(at.getTime() + 4 * day));
  });

  test('a roll retires the current key, promotes the next and makes a new one', () => {
    const after = rolled(keys, roll(at));
    expect(after.map(({ state }) => state)).toEqual(['next', 'retired', 'current']);
    expect(after.map(({ kid }) => kid).slice(1)).toEqual(keys.map(({ kid }) => kid));
    expect(publishedUntil(after[1]!)).toEqual(new Date(at.getTime() + 367 * day));
    const muchLater = new Date(at.getTime() + 400 * day);
    expect(rolled(after, roll(muchLater)).map(({ kid }) => kid)).not.toContain(keys[0]?.kid);
  });
});
