import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { intervalDelay, retryDelay } from '../../src/licence/client/schedule.ts';
import type { LicenceClientOptions } from '../../src/licence/client/types.ts';
import { endorsementType, revocationType } from '../../src/licence/protocol/key-statements.ts';
import { type Asked, createFakeServer, keyStatement, signingKey } from './support/fake-server.ts';
import { standingClock, startNodes, until } from './support/node.ts';

let nodes: Awaited<ReturnType<typeof startNodes>>;
let server: ReturnType<typeof createFakeServer>;
beforeAll(async () => {
  nodes = await startNodes(() => server.fetch);
});
afterAll(() => nodes.stop());
beforeEach(() => {
  server = createFakeServer();
});

/** A node that has checked successfully once. */
async function running(options: Partial<LicenceClientOptions> = {}) {
  const time = standingClock();
  const stateFile = nodes.newStateFile();
  const client = nodes.client({ stateFile, enrollmentToken: 'a-token', clock: time.clock, ...options });
  await client.start();
  expect((await client.check()).state).toBe('OK');
  return { client, time, stateFile };
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('L45, L46: a verdict is refused', () => {
  const forged = (header: object, sign: (input: string) => string) => async (asked: Asked) => {
    const [, payload] = (await server.signed(asked)).split('.');
    const input = `${base64(header)}.${payload}`;
    return `${input}.${sign(input)}`;
  };
  test.each<[string, (asked: Asked) => Promise<string>]>([
    ['of an unknown kid', (asked) => server.signed(asked, {}, {}, signingKey('stranger'))],
    ["signed by a stranger under the server's kid", (asked) => server.signed(asked, {}, {}, signingKey('kid-1'))],
    ['with alg none', forged({ alg: 'none', typ: 'lic+jws', kid: 'kid-1' }, () => '')],
    [
      'with HS256 and the public key as secret',
      (asked) =>
        forged({ alg: 'HS256', typ: 'lic+jws', kid: 'kid-1' }, (input) =>
          createHmac('sha256', Buffer.from(server.key.jwk.x, 'base64url')).update(input).digest('base64url'),
        )(asked),
    ],
    ['for another product', (asked) => server.signed(asked, { aud: 'other-product' })],
    ['of another issuer', (asked) => server.signed(asked, { iss: 'somebody' })],
    ['of another type', (asked) => server.signed(asked, {}, { typ: 'JWT' })],
    [
      'that has expired',
      (asked) =>
        server.signed(asked, {
          iat: Math.floor(Date.now() / 1000) - 90_000,
          exp: Math.floor(Date.now() / 1000) - 3600,
        }),
    ],
    ['without an end', (asked) => server.signed(asked, { exp: undefined })],
    ['for another node', (asked) => server.signed({ ...asked, sub: 'act_zzzzzzzzzzzzzzzz' })],
    ['that answers another request', (asked) => server.signed({ ...asked, jti: 'another-request' })],
    ['that answers an earlier attempt', (asked) => server.signed({ ...asked, nonce: 'an-earlier-nonce' })],
    [
      'that refuses in the shape of a good answer',
      (asked) => server.signed(asked, { refusal: { code: 'CLONE_SUSPECTED', num: 110, detail: '' } }),
    ],
    ['that is no JWS', async () => 'not.a.jws'],
  ])('%s', async (_, sign) => {
    const { client } = await running();
    server.sign = sign;
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT', num: 351 } });
    server.sign = server.signed;
    expect((await client.check()).state).toBe('OK');
  });
});

test('L23, L24: the request id stays until its secret came, the nonce is new each time', async () => {
  const { client } = await running();
  server.requests.length = 0;
  server.instead = () => Promise.reject(new TypeError('fetch failed'));
  await client.check();
  await client.check();
  server.instead = null;
  await client.check();
  await client.check();
  const secrets = server.requests.map(({ body }) => body.secret);
  expect(new Set(secrets.slice(0, 3)).size).toBe(1);
  expect(secrets[3]).not.toBe(secrets[0]);
  const ids = server.requests.map(({ body }) => body.requestId);
  expect(new Set(ids.slice(0, 3)).size).toBe(1);
  expect(ids[3]).not.toBe(ids[0]);
  expect(new Set(server.requests.map(({ body }) => body.nonce)).size).toBe(4);
});

test('what a request holds is on disk before it leaves, mode 0600, and the answer before it counts', async () => {
  const stateFile = nodes.newStateFile();
  const sent: { path: string; state: Record<string, unknown>; mode: number }[] = [];
  const client = nodes.client({
    ...{ stateFile, enrollmentToken: 'a-token' },
    async fetch(url, init) {
      const [text, { mode }] = await Promise.all([readFile(stateFile, 'utf8'), stat(stateFile)]);
      sent.push({ path: new URL(url).pathname, state: JSON.parse(text), mode: mode & 0o777 });
      return server.fetch(url, init);
    },
  });
  await client.start();
  await client.check();
  await client.check();
  const requests = sent.filter(({ path }) => path.startsWith('/v1/'));
  const bodies = server.requests.map(({ body }) => body);
  expect(requests.length).toBe(3);
  expect(requests[0]?.state).toMatchObject({ chosenId: bodies[0]?.activationId, secret: null });
  expect(requests[1]?.state).toMatchObject({ requestId: bodies[1]?.requestId, secret: bodies[1]?.secret });
  expect(requests[2]?.state).toMatchObject({ requestId: bodies[2]?.requestId, secret: bodies[2]?.secret });
  expect(new Set(sent.map(({ mode }) => mode))).toEqual(new Set([0o600]));
  expect(await readFile(stateFile, 'utf8')).not.toContain('a-token');
});

test('L47: after a roll of the keys while the node was offline, its next check verifies', async () => {
  const { client, stateFile, time } = await running({ publicKeys: { keys: [{ ...server.key.jwk, kid: 'kid-1' }] } });
  await client.stop();
  const next = signingKey('kid-2');
  server.key = next;
  server.published = [next.jwk, server.published[0] as Record<string, unknown>];
  const again = nodes.client({ stateFile, clock: time.clock });
  await again.start();
  expect(again.status().verdict).not.toBeNull();
  expect((await again.check()).state).toBe('OK');
});

test('a tampered state file gives no licence', async () => {
  const { client, stateFile } = await running();
  await client.stop();
  const state = JSON.parse(await readFile(stateFile, 'utf8')) as { verdict: string };
  const [header, payload, signature] = state.verdict.split('.');
  const claims = JSON.parse(Buffer.from(payload as string, 'base64url').toString()) as { exp: number };
  const longer = base64({ ...claims, exp: claims.exp + 1e9 });
  await writeFile(stateFile, JSON.stringify({ ...state, verdict: [header, longer, signature].join('.') }));
  server.instead = () => Promise.reject(new TypeError('fetch failed'));
  const again = nodes.client({ stateFile });
  await again.start();
  expect(again.status().state).toBe('NONE');
});

test('L45: a key that the server publishes never takes the place of one that came with the installation', async () => {
  const { client } = await running({ publicKeys: { keys: [server.key.jwk] } });
  const stranger = signingKey('kid-1');
  server.published = [stranger.jwk];
  server.sign = (asked) => server.signed(asked, {}, {}, stranger);
  expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
});

describe('keys in wrong hands', () => {
  /** The server after its roll: the next key signs, and the stolen one is revoked by a statement of its own. */
  async function roll(next: ReturnType<typeof signingKey>, stolen = server.key) {
    server.published = [next.jwk];
    server.statements = { revocations: [await keyStatement(stolen, stolen, revocationType)] };
    server.key = next;
  }

  test.each([true, false])('a verdict of a revoked key is refused (keys installed: %s)', async (isInstalled) => {
    const [stolen, next] = [server.key, signingKey('kid-2')];
    const publicKeys = { keys: [stolen.jwk, next.jwk] };
    const { client, stateFile } = await running(isInstalled ? { publicKeys } : {});
    await roll(next);
    expect((await client.check()).state).toBe('OK');
    // The thief answers from now on, also when the keys are asked for.
    server.published = [stolen.jwk, next.jwk];
    server.statements = {};
    server.sign = (asked) => server.signed(asked, {}, {}, stolen);
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
    await client.stop();
    const again = nodes.client({ stateFile, ...(isInstalled ? { publicKeys } : {}) });
    await again.start();
    expect(await again.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
  });

  test('a node that was not told of the roll learns it within a day, where the keys can be fetched', async () => {
    const [stolen, next] = [server.key, signingKey('kid-2')];
    const publicKeys = { keys: [stolen.jwk, next.jwk] };
    const { client, time } = await running({ publicKeys });
    await roll(next);
    const forged = async (asked: Asked) => {
      const iat = Math.floor(time.clock.now() / 1000);
      return server.signed(asked, { iat, exp: iat + 1_000_000 }, {}, stolen);
    };
    server.sign = forged;
    expect((await client.check()).state).toBe('OK');
    time.advance(86_400_001);
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
  });

  test('nobody else can revoke a key', async () => {
    const other = signingKey('kid-1');
    const { client } = await running({ publicKeys: { keys: [server.key.jwk] } });
    server.statements = { revocations: [await keyStatement(server.key, other, revocationType), 'no.jws', ''] };
    const next = signingKey('kid-2');
    server.sign = (asked) => server.signed(asked, {}, {}, next);
    expect((await client.check()).reason?.code).toBe('INVALID_VERDICT');
    server.sign = server.signed;
    expect((await client.check()).state).toBe('OK');
  });
});

describe('keys of the installation', () => {
  test('no server and no state file adds a key to them', async () => {
    const publicKeys = { keys: [server.key.jwk] };
    const { client, stateFile } = await running({ publicKeys });
    const stranger = signingKey('stranger');
    server.published.push(stranger.jwk);
    server.statements = { endorsements: [await keyStatement(stranger, stranger, endorsementType)] };
    server.sign = (asked) => server.signed(asked, {}, {}, stranger);
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
    await client.stop();

    const state = JSON.parse(await readFile(stateFile, 'utf8')) as { keys: { keys: unknown[] } };
    const forged = await server.signed({ jti: 'x-request', nonce: 'x', sub: 'act_x' }, { exp: 4e9 }, {}, stranger);
    const keys = { keys: [...state.keys.keys, stranger.jwk], endorsements: server.statements.endorsements };
    await writeFile(stateFile, JSON.stringify({ ...state, verdict: forged, keys }));
    server.instead = () => Promise.reject(new TypeError('fetch failed'));
    const again = nodes.client({ stateFile, publicKeys });
    await again.start();
    expect(again.status().state).toBe('NONE');
  });

  test('a key counts that one of them has endorsed, and the next that this one has, also after a restart', async () => {
    const first = server.key;
    const publicKeys = { keys: [first.jwk] };
    const { client, stateFile } = await running({ publicKeys });
    const [second, third] = [signingKey('kid-2'), signingKey('kid-3')];
    server.published = [second.jwk, third.jwk];
    // In whatever order they are published.
    server.statements = {
      endorsements: [
        await keyStatement(third, second, endorsementType),
        await keyStatement(second, first, endorsementType),
      ],
    };
    server.key = third;
    expect((await client.check()).state).toBe('OK');
    await client.stop();
    server.instead = () => Promise.reject(new TypeError('fetch failed'));
    const again = nodes.client({ stateFile, publicKeys });
    await again.start();
    expect(again.status().verdict).not.toBeNull();
    // What a revoked key has endorsed counts no more.
    await again.stop();
    const revocations = [await keyStatement(second, second, revocationType)];
    const late = nodes.client({ stateFile, publicKeys: { ...publicKeys, revocations } });
    await late.start();
    expect(late.status().verdict).toBeNull();
  });
});

test('L45: a key that cannot be one is the fault of the answer, not of the node', async () => {
  const { client } = await running();
  const next = signingKey('kid-2');
  server.published = [{ ...next.jwk, x: 'AAAA' }];
  server.sign = (asked) => server.signed(asked, {}, {}, next);
  expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
});

describe('L48: what is not the licence server counts as not reached', () => {
  const html = '<html><body>Blocked by your administrator</body></html>';
  test.each<[string, () => Response]>([
    ['403 with HTML', () => new Response(html, { status: 403, headers: { 'Content-Type': 'text/html' } })],
    ['200 with HTML', () => new Response(html, { status: 200 })],
    ['a redirect to a sign-in page', () => new Response('', { status: 302, headers: { Location: 'http://portal' } })],
    ['403 with the JSON of somebody else', () => Response.json({ error: 'forbidden' }, { status: 403 })],
    ['502 without a body', () => new Response(null, { status: 502 })],
  ])('%s', async (_, answer) => {
    const { client } = await running();
    server.instead = answer;
    expect(await client.check()).toMatchObject({
      state: 'GRACE',
      effect: 'none',
      reason: { code: 'CONNECTION_ERROR' },
    });
  });

  test('a refusal that is not signed does not lock', async () => {
    const { client } = await running();
    const problem = {
      code: 'INSTANCE_NOT_ACTIVE',
      num: 108,
      title: '',
      detail: 'd',
      retryable: false,
      remedy: '',
      requestId: 'r',
    };
    server.instead = () => Response.json(problem, { status: 403 });
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INSTANCE_NOT_ACTIVE' } });
    server.instead = async () =>
      Response.json({ ...problem, verdict: await server.signed({ sub: 'x', jti: 'y', nonce: 'z' }) }, { status: 403 });
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_VERDICT' } });
  });

  test('L49: an intercepted TLS connection is named, and grace runs', async () => {
    const pem = (file: string) => readFile(join(import.meta.dirname, 'fixtures', file));
    const [key, cert] = await Promise.all([pem('interceptor-key.pem'), pem('interceptor.pem')]);
    const proxy = createServer({ key, cert }, (_, response) => response.end('{}'));
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    let intercepted = false;
    const { client } = await running({
      fetch: (url, init) => (intercepted ? fetch(`https://localhost:${port}/`, init) : server.fetch(url, init)),
    });
    intercepted = true;
    const snapshot = await client.check();
    proxy.close();
    expect(snapshot).toMatchObject({ state: 'GRACE', reason: { code: 'INVALID_SERVER_CERTIFICATE', num: 350 } });
    expect(snapshot.reason?.text).toMatch(/not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  });

  test('L50: 429 and 503 with Retry-After are honoured and do not lock', async () => {
    const { client, time } = await running({ retryFirstMs: 1000 });
    for (const [status, code] of [
      [429, 'RATE_LIMITED'],
      [503, 'SERVICE_UNAVAILABLE'],
    ] as const) {
      const problem = { code, num: 123, title: '', detail: 'd', retryable: true, remedy: '', requestId: 'r' };
      server.instead = () => Response.json(problem, { status, headers: { 'Retry-After': '1800' } });
      expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code } });
      const before = server.requests.length;
      time.advance(1_799_000);
      expect(server.requests).toHaveLength(before);
      // A delay requested from many at once gets jitter on top.
      time.advance(451_000);
      await until('the next check', () => server.requests.length > before);
    }
  });
});

describe('when to ask again', () => {
  test('after a good check: the interval within its jitter', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 1e8 }),
        fc.integer({ min: 0, max: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (interval, jitter, random) => {
          const delay = intervalDelay(interval, jitter, random);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(interval * (1 - jitter / 100)));
          expect(delay).toBeLessThanOrEqual(Math.ceil(interval * (1 + jitter / 100)));
        },
      ),
    );
  });

  test('after failures: 30 s, doubled to 10 min, never before Retry-After', () => {
    const limits = { firstMs: 30_000, maxMs: 600_000, intervalMs: 3_600_000, retryAfterMs: 0 };
    const delays = [1, 2, 3, 4, 5, 6, 60].map((failures) => retryDelay(failures, limits, 0.999_999));
    expect(delays).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    expect(retryDelay(1, { ...limits, intervalMs: 2000 }, 0)).toBe(1500);
    expect([0, 1].map((random) => retryDelay(1, { ...limits, retryAfterMs: 8e5 }, random))).toEqual([8e5, 1e6]);
    // A page that asks for a year must not use up the grace period.
    expect(retryDelay(1, { ...limits, retryAfterMs: 3e10 }, 0)).toBe(3_600_000);
  });
});
