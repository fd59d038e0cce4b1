import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { newAccountKeys, parseAccountKeys, rollAccountKeys } from '../../src/api/keys/account-keys.ts';
import { apiConfig } from '../../src/config.ts';
import { AccountClaims, accountTokenAudience } from '../../src/licence/protocol/account.ts';
import { startServerProcess } from '../licence/support/licence-server.ts';
import { codeOf, startApi, type TestApi, testConfig, useApi } from '../support/api.ts';
import { startDatabase } from '../support/database.ts';
import { type Browser, browserOf, found, join } from '../support/members.ts';

const api = useApi();
const issuer = testConfig().FREEHOLD_PUBLIC_URL;

const ask = (by: Browser, on: TestApi = api) => on.call('POST', '/v1/me/licence-token', { headers: { ...by } });

async function keysOf(of: TestApi): Promise<JSONWebKeySet> {
  return (await of.call('GET', '/.well-known/jwks.json')).body;
}

/** Verifies as the licence server does, with the published keys only. */
async function claimsOf(token: string, keys: JSONWebKeySet): Promise<AccountClaims> {
  const options = {
    issuer,
    audience: accountTokenAudience,
    algorithms: ['EdDSA'],
    requiredClaims: ['exp', 'iat', 'sub'],
  };
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), options);
  return AccountClaims.parse(payload);
}

describe('a licence token', () => {
  test('names account, member and roles, and ends within five minutes', async () => {
    const { browser, accountId, memberId } = await found(api);
    const answer = await ask(browser);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.body.licenceServer).toBe('http://127.0.0.1:8100');
    const claims = await claimsOf(answer.body.token, await keysOf(api));
    expect(claims).toMatchObject({
      iss: issuer,
      aud: 'licence',
      sub: memberId,
      account: accountId,
      role: ['payer', 'admin'],
    });
    expect(claims.exp - claims.iat).toBe(300);
    expect(Date.parse(answer.body.expiresAt)).toBe(claims.exp * 1_000);
    expect(Math.abs(claims.iat * 1_000 - Date.now())).toBeLessThan(60_000);
    expect(decodeProtectedHeader(answer.body.token)).toEqual({
      alg: 'EdDSA',
      typ: 'JWT',
      kid: expect.stringMatching(/^acc-[0-9a-f]{12}$/),
    });
  });

  test.each(['viewer', 'payer', 'admin'] as const)('says the one role of a %s as a text', async (role) => {
    const { browser } = await found(api);
    const member = await join(api, browser, `token-${role}@example.com`, [role]);
    const { body } = await ask(member.browser);
    expect(await claimsOf(body.token, await keysOf(api))).toMatchObject({ sub: member.id, role });
  });

  test('is of the account that the session is in', async () => {
    const [own, host] = [await found(api), await found(api)];
    await join(api, host.browser, own.email);
    const moved = await api.call('POST', '/v1/me/account', {
      headers: { ...own.browser },
      body: { accountId: host.accountId },
    });
    const { body } = await ask(browserOf(moved));
    expect(await claimsOf(body.token, await keysOf(api))).toMatchObject({ account: host.accountId, role: 'viewer' });
  });

  test('is given to members alone, with the CSRF token', async () => {
    const { browser } = await found(api);
    expect(codeOf(await api.call('POST', '/v1/me/licence-token'))).toBe('not_signed_in');
    expect(codeOf(await ask({ cookie: browser.cookie, 'x-csrf-token': '' }))).toBe('csrf_mismatch');
    expect((await api.call('GET', '/v1/me/licence-token', { headers: { ...browser } })).status).toBe(405);
  });

  test('of one process is verified by the keys of every other', async () => {
    const other = await startApi(api.databaseUri);
    try {
      const { browser } = await found(api);
      const { body } = await ask(browser, other);
      expect(await keysOf(other)).toEqual(await keysOf(api));
      expect(await claimsOf(body.token, await keysOf(api))).toMatchObject({ aud: 'licence' });
    } finally {
      await other.close();
    }
  });

  test('may be shorter, never longer', () => {
    const env = {
      ...{ MONGODB_URI: 'x', STRIPE_SECRET_KEY: 'x', STRIPE_PUBLISHABLE_KEY: 'x', STRIPE_WEBHOOK_SECRET: 'x' },
      ...{ FREEHOLD_PUBLIC_URL: issuer, LICENCE_SERVER_URL: issuer, SMTP_URL: 'smtp://127.0.0.1:1' },
      ...{ FREEHOLD_SIGNING_KEY: 'x'.repeat(16), FREEHOLD_OPERATOR_TOKEN: 'x'.repeat(16), FREEHOLD_ACCOUNT_KEYS: '{}' },
    };
    const lifetime = (ms?: string) =>
      apiConfig({ ...env, ...(ms ? { FREEHOLD_LICENCE_TOKEN_MS: ms } : {}) }).FREEHOLD_LICENCE_TOKEN_MS;
    expect([lifetime(), lifetime('60000')]).toEqual([300_000, 60_000]);
    expect(() => lifetime('300001')).toThrow('FREEHOLD_LICENCE_TOKEN_MS');
  });
});

describe('the public keys', () => {
  test('are the current and the next one, without their private halves, for caches', async () => {
    const answer = await api.call('GET', '/.well-known/jwks.json');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(answer.body.keys).toHaveLength(2);
    for (const key of answer.body.keys) {
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA' });
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    }
  });

  test('verify over a roll: tokens of before and of after, whichever set the verifier has read', async () => {
    const { browser } = await found(api);
    const before = newAccountKeys();
    const after = rollAccountKeys(before);
    const [first, second] = await Promise.all(
      [before, after].map((keys) =>
        startApi(api.databaseUri, { config: { FREEHOLD_ACCOUNT_KEYS: JSON.stringify(keys) } }),
      ),
    );
    if (!first || !second) throw new Error('two processes were started');
    try {
      const tokens = await Promise.all([first, second].map(async (each) => (await ask(browser, each)).body.token));
      const [keysBefore, keysAfter] = [await keysOf(first), await keysOf(second)];
      expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid)).size).toBe(2);
      for (const token of tokens) {
        await claimsOf(token, keysBefore);
        await claimsOf(token, keysAfter);
      }
      expect(keysAfter.keys).toHaveLength(3);
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  });

  test('of somebody else verify nothing', async () => {
    const { browser } = await found(api);
    const { body } = await ask(browser);
    const stranger = await startApi(api.databaseUri, {
      config: { FREEHOLD_ACCOUNT_KEYS: JSON.stringify(newAccountKeys()) },
    });
    try {
      await expect(claimsOf(body.token, await keysOf(stranger))).rejects.toThrow(errors.JWKSNoMatchingKey);
    } finally {
      await stranger.close();
    }
  });
});

describe('the licence server', () => {
  test('admits a member by token and published keys, across a rotation, and nobody by the keys of a stranger', async () => {
    const before = newAccountKeys();
    const start = (keys: typeof before) =>
      startApi(api.databaseUri, { config: { FREEHOLD_ACCOUNT_KEYS: JSON.stringify(keys) } });
    const folder = await mkdtemp(joinPath(tmpdir(), 'freehold-licence-'));
    const apis = [await start(before), await start(rollAccountKeys(before)), await start(newAccountKeys())] as const;
    const database = await startDatabase();
    const server = await startServerProcess({
      LICENCE_MONGODB_URI: database.uri,
      LICENCE_ADMIN_TOKEN: 'administrator-of-the-tests',
      LICENCE_KEYS_FILE: joinPath(folder, 'licence-keys.json'),
      LICENCE_ACCOUNT_JWKS_URL: `${apis[0].url}/.well-known/jwks.json`,
      LICENCE_ACCOUNT_ISSUER: issuer,
    });
    try {
      const { browser } = await found(api);
      const answers: number[] = [];
      for (const each of apis) {
        const { token } = (await ask(browser, each)).body;
        const headers = { authorization: `Bearer ${token}` };
        const answer = await fetch(`${server.url}/v1/me/licenses`, { headers });
        answers.push(answer.status);
        if (answer.status === 200) expect(await answer.json()).toEqual({ licenses: [], next: null });
      }
      expect(answers).toEqual([200, 200, 401]);
      const { token } = (await ask(browser, apis[0])).body;
      expect(server.output()).not.toContain(token);
    } finally {
      await server.kill('SIGTERM');
      await Promise.all([...apis.map((each) => each.close()), database.stop(), rm(folder, { recursive: true })]);
    }
  });
});

describe('the keys file', () => {
  const command = fileURLToPath(new URL('../../src/api/keys/main.ts', import.meta.url));
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', command, ...args], {
      env: { PATH: process.env.PATH },
    });
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(joinPath(tmpdir(), 'freehold-keys-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('is made for its owner alone, and rolled step by step', async () => {
    const file = joinPath(folder, 'account-keys.json');
    const states = async () => {
      const { keys } = parseAccountKeys(await readFile(file, 'utf8'));
      return Object.fromEntries(keys.map(({ state, kid }) => [state, kid]));
    };
    const { stdout } = await run(file);
    const made = await states();
    expect(stdout.split('\n')).toContain(`current  ${made.current}`);
    expect(Object.keys(made).sort()).toEqual(['current', 'next']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await run(file);
    const rolled = await states();
    expect(rolled).toMatchObject({ current: made.next, retired: made.current });
    await run(file);
    expect(await states()).toMatchObject({ current: rolled.next, retired: rolled.current });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('that is broken is left alone, and no error shows a key', async () => {
    const file = joinPath(folder, 'broken.json');
    const keys = newAccountKeys();
    const [current] = keys.keys;
    const broken = JSON.stringify({ ...keys, keys: [current, current] });
    for (const content of [broken, broken.slice(0, -1), '[]']) {
      await writeFile(file, content);
      const error = await run(file).catch((failed) => failed);
      expect(error.code).toBe(1);
      expect(error.stderr).toMatch(/The account keys are not (usable|JSON)/);
      expect(error.stderr).not.toContain(current?.jwk.d);
      expect(await readFile(file, 'utf8')).toBe(content);
    }
  });

  test('has to be named', async () => {
    const error = await run().catch((failed) => failed);
    expect([error.code, error.stderr]).toEqual([2, 'usage: node src/api/keys/main.ts FILE\n']);
  });
});
