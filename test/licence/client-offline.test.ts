import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import type { LicenceClientOptions } from '../../src/licence/client/types.ts';
import { createFakeServer, type SigningKey, signingKey } from './support/fake-server.ts';
import { product } from './support/licence-server.ts';
import { standingClock, startNodes, until } from './support/node.ts';

const day = 86_400_000;
const key = signingKey('kid-1');
let nodes: Awaited<ReturnType<typeof startNodes>>;
let server: ReturnType<typeof createFakeServer>;
let folder: string;
let count = 0;
beforeAll(async () => {
  nodes = await startNodes(() => server.fetch);
  folder = await mkdtemp(join(tmpdir(), 'freehold-offline-'));
});
afterAll(async () => {
  await nodes.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  server = createFakeServer();
});

/** A file as the server issues it, with the given changes. */
async function fileOf(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  by: SigningKey = key,
) {
  const iat = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: 'urn:freehold:licence',
    aud: product,
    sub: 'off_0123456789abcdef',
    jti: 'off_0123456789abcdef',
    iat,
    exp: iat + 100 * 86_400,
    cluster: 'plant-7',
    seats: 3,
    mode: 'production',
    lic: {
      ...{ id: 'lic_1', kind: 'subscription', status: 'ACTIVE', plan: 'BUSINESS', planRev: 4 },
      ...{ periodEnd: null, updatesUntil: null },
    },
    versions: null,
    limits: { plugins: 3 },
    features: {},
    enforcement: 'readonly',
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: by.kid, typ: 'lic-offline+jws', ...header })
    .sign(by.privateKey);
}

async function node(file: string | null, options: Partial<LicenceClientOptions> = {}) {
  const offlineFile = join(folder, `${++count}.lic`);
  if (file !== null) await writeFile(offlineFile, `${file}\n`);
  const time = standingClock();
  const stateFile = nodes.newStateFile();
  const given = {
    ...{ stateFile, offlineFile, clock: time.clock, publicKeys: { keys: [key.jwk] } },
    ...{ node: { name: 'n1', clusterId: 'plant-7', fingerprint: 'tpm-1' } },
    ...options,
  };
  const client = nodes.client(given);
  await client.start();
  return { client, time, offlineFile, stateFile, again: () => nodes.client(given) };
}

describe('a licence file', () => {
  test('runs a node without any request, to its end, which is told in its last quarter', async () => {
    const { client, time } = await node(await fileOf());
    expect(await client.check()).toMatchObject({
      state: 'OK',
      ...{ reason: null, effect: 'none', plan: 'BUSINESS', revision: 4, limits: { plugins: 3 }, notices: [] },
    });
    time.advance(76 * day);
    expect(client.status().notices.map(({ code }) => code)).toEqual(['ENDS_AT']);
    time.advance(23.9 * day);
    expect(client.status().state).toBe('OK');
    time.advance(0.2 * day);
    expect(client.status()).toMatchObject({
      state: 'LOCKED',
      effect: 'readonly',
      reason: { code: 'OFFLINE_FILE_EXPIRED', num: 304 },
    });
    expect(server.requests).toEqual([]);
  });

  test('is replaced without a restart', async () => {
    const { client, time, offlineFile } = await node(await fileOf());
    await client.check();
    time.advance(101 * day);
    expect(client.status().state).toBe('LOCKED');
    const iat = Math.floor(time.clock.now() / 1000);
    await writeFile(offlineFile, await fileOf({ iat, exp: iat + 86_400, jti: 'off_zzzzzzzzzzzzzzzz' }));
    await until('the new file', () => {
      time.advance(3_700_000);
      return client.status().state === 'OK';
    });
  });

  test('that asks for `stop` at its end asks once per file', async () => {
    const { client, time, offlineFile } = await node(await fileOf({ enforcement: 'stop' }));
    let stops = 0;
    client.onStop(() => {
      stops += 1;
    });
    await client.check();
    for (const round of [1, 2]) {
      time.advance(101 * day);
      await until('told to stop', () => stops === round);
      expect((await client.check()).effect).toBe('stop');
      expect(stops).toBe(round);
      const iat = Math.floor(time.clock.now() / 1000);
      await writeFile(offlineFile, await fileOf({ iat, exp: iat + 100 * 86_400, enforcement: 'stop' }));
      expect((await client.check()).state).toBe('OK');
    }
  });

  test('gives way to the server when it is taken away, and comes before it when it is put there', async () => {
    server.key = key;
    const { client, offlineFile } = await node(null, { enrollmentToken: 'a-token' });
    expect(await client.check()).toMatchObject({ state: 'OK', plan: 'MAKER' });
    await writeFile(offlineFile, await fileOf());
    const before = server.requests.length;
    expect(await client.check()).toMatchObject({ state: 'OK', plan: 'BUSINESS' });
    expect(server.requests).toHaveLength(before);
    await rm(offlineFile);
    expect(await client.check()).toMatchObject({ state: 'OK', plan: 'MAKER' });
  });

  test('for one machine counts there; a development file counts on a development node', async () => {
    const machine = await node(await fileOf({ cluster: undefined, fingerprint: 'tpm-1' }));
    expect((await machine.client.check()).state).toBe('OK');
    const file = await fileOf({ mode: 'development' });
    expect((await (await node(file, { mode: 'development' })).client.check()).state).toBe('OK');
  });
});

describe('L58: a licence file is refused', () => {
  const tampered = async () => {
    const [header, payload, signature] = (await fileOf()).split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number };
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1e8 })).toString('base64url');
    return [header, longer, signature].join('.');
  };
  const oneByte = async () => {
    const file = await fileOf();
    const at = file.lastIndexOf('.') + 20;
    return file.slice(0, at) + (file[at] === 'A' ? 'B' : 'A') + file.slice(at + 1);
  };
  test.each<[string, () => Promise<string>, RegExp]>([
    [
      'bound to another cluster',
      () => fileOf({ cluster: 'plant-8' }),
      /bound to the cluster plant-8; .* belongs to plant-7/,
    ],
    ['bound to another machine', () => fileOf({ cluster: undefined, fingerprint: 'tpm-2' }), /another machine/],
    ['bound to nothing', () => fileOf({ cluster: undefined }), /does not support this kind/],
    ['with claims changed', tampered, /modified after it was signed/],
    ['with one byte of its signature changed', oneByte, /modified after it was signed/],
    ['cut short', async () => (await fileOf()).slice(0, -10), /not a valid licence file|modified/],
    ['of a stranger', () => fileOf({}, {}, signingKey('stranger')), /a key unknown to this product/],
    ["of a stranger under the server's kid", () => fileOf({}, {}, signingKey('kid-1')), /modified after it was signed/],
    ['that is a verdict', () => fileOf({}, { typ: 'lic+jws' }), /not a licence file/],
    ['for another product', () => fileOf({ aud: 'other' }), /for the product other/],
    ['of another issuer', () => fileOf({ iss: 'somebody' }), /another licence server/],
    ['for development only', () => fileOf({ mode: 'development' }), /development/],
    ['for other versions', () => fileOf({ versions: ['0.9.0'] }), /does not cover version 1\.0\.0/],
    ['that ends before it begins', () => fileOf({ exp: 1 }), /never valid/],
    ['that is empty', async () => '', /not a valid licence file/],
    ['that is huge', async () => 'a'.repeat(100_000), /not a licence file/],
  ])('%s', async (_, made, why) => {
    const { client } = await node(await made());
    const snapshot = await client.check();
    expect(snapshot).toMatchObject({
      state: 'NONE',
      effect: 'readonly',
      reason: { code: 'OFFLINE_FILE_REFUSED', num: 303 },
    });
    expect(snapshot.reason?.text).toMatch(why);
    expect(server.requests).toEqual([]);
  });

  test('that has expired, at the first start too', async () => {
    const iat = Math.floor(Date.now() / 1000) - 200_000;
    const { client } = await node(await fileOf({ iat, exp: iat + 100_000 }));
    expect(await client.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'OFFLINE_FILE_EXPIRED' } });
  });

  test('that is broken while the node runs: it goes on for as long as the one before counted', async () => {
    const { client, time, offlineFile } = await node(await fileOf());
    await client.check();
    await writeFile(offlineFile, 'broken');
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'OFFLINE_FILE_REFUSED' } });
    time.advance(101 * day);
    expect(client.status().state).toBe('LOCKED');
  });
});

describe('the clock of a node with a licence file (L42)', () => {
  test('set back while it was off: locked, until the clock is right again', async () => {
    const { client, time, again } = await node(await fileOf());
    await client.check();
    time.advance(50 * day);
    await client.check();
    await client.stop();
    time.setBack(45 * day);
    const second = again();
    await second.start();
    expect(await second.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'CLOCK_ROLLBACK' } });
    time.advance(45 * day);
    expect((await second.check()).state).toBe('OK');
    time.advance(51 * day);
    expect(second.status().reason?.code).toBe('OFFLINE_FILE_EXPIRED');
  });

  test('before the file was issued: locked, also at the first start', async () => {
    const { client, time } = await node(null);
    await client.stop();
    const iat = Math.floor(time.clock.now() / 1000) + 3600;
    const early = await node(await fileOf({ iat, exp: iat + 86_400 }));
    expect(await early.client.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'CLOCK_ROLLBACK' } });
    early.time.advance(3_700_000);
    expect((await early.client.check()).state).toBe('OK');
  });

  test('an older file in its place starts nothing anew', async () => {
    const old = await fileOf();
    const { client, time, offlineFile, again } = await node(old);
    await client.check();
    time.advance(90 * day);
    const iat = Math.floor(time.clock.now() / 1000);
    await writeFile(offlineFile, await fileOf({ iat, exp: iat + 20 * 86_400 }));
    expect((await client.check()).state).toBe('OK');
    await client.stop();
    await writeFile(offlineFile, old);
    time.setBack(80 * day);
    const second = again();
    await second.start();
    expect(await second.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'CLOCK_ROLLBACK' } });
  });
});

test('L47: a file of the old key still counts after the keys were rolled', async () => {
  const next = signingKey('kid-2');
  const { client } = await node(await fileOf(), { publicKeys: { keys: [next.jwk, key.jwk] } });
  expect((await client.check()).state).toBe('OK');
  const newer = await node(await fileOf({}, {}, next), { publicKeys: { keys: [next.jwk, key.jwk] } });
  expect((await newer.client.check()).state).toBe('OK');
});

test('a licence file changes nothing in the state but its marks', async () => {
  const { client, stateFile } = await node(await fileOf());
  await client.check();
  const state = JSON.parse(await readFile(stateFile, 'utf8')) as Record<string, unknown>;
  expect(state).toMatchObject({ activationId: null, secret: null, verdict: null, lock: null });
  expect(state.fileIssuedAt).toBeGreaterThan(0);
});
