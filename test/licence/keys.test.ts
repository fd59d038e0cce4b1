import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadKeys } from '../../src/licence/server/keys/keys.ts';
import { licenceKeyText } from '../../src/licence/server/keys/licence-key.ts';
import { startInProcess } from './support/in-process.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { watchDatabase } from './support/watched-database.ts';

/**
 * What strangers learn from keys that are not theirs, and what bad requests cost: every database command is observed.
 */

let world: LicenceWorld;
let watched: Awaited<ReturnType<typeof watchDatabase>>;
let server: Awaited<ReturnType<typeof startInProcess>>;

beforeAll(async () => {
  world = await startLicenceWorld();
  await world.putPlan('MAKER', {}, 'another-product');
  watched = await watchDatabase(world.database.uri);
  server = await startInProcess(world, { environment: { LICENCE_MONGODB_URI: watched.uri } });
});
afterAll(async () => {
  await server?.stop();
  watched?.stop();
  await world?.stop();
});

/** The answer of a call and its database commands. */
async function seen<T extends { status: number; headers: Headers; body: unknown }>(call: () => Promise<T>) {
  let reply: T | undefined;
  const commands = await watched.during(async () => {
    reply = await call();
  });
  return { reply: reply as T, commands };
}

describe('a key', () => {
  test('L7, L10: unknown and of another product: the same answer after the same work', async () => {
    const { licenseKey } = await world.issue();
    const foreign = await world.issue({ product: 'another-product' });
    const unknown = licenceKeyText(Buffer.alloc(16, 7));
    const right = await seen(() => world.activate(licenseKey, {}, server.url));
    expect([right.reply.status, right.commands.length > 3]).toEqual([201, true]);

    const answers = [];
    for (const key of [unknown, foreign.licenseKey, unknown]) {
      const { reply, commands } = await seen(() => world.activate(key, {}, server.url));
      expect(commands).toEqual(['find licences']);
      const { requestId: _, ...body } = reply.body as { requestId?: string };
      answers.push({ status: reply.status, body, length: reply.headers.get('Content-Length') });
    }
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'INVALID_LICENSE_SECRET', num: 101 } });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('L8: with one wrong character is refused by its checksum, with no database command at all', async () => {
    const { licenseKey } = await world.issue();
    const last = licenseKey.at(-1) === 'A' ? 'B' : 'A';
    for (const path of ['/v1/activations', '/v1/licenses/validate']) {
      const body = { licenseKey: licenseKey.slice(0, -1) + last, product: 'freehold-server' };
      const request = { ...body, activationId: randomUUID(), version: '1.0.0', node: { name: 'n1' } };
      const { reply, commands } = await seen(() => world.call('POST', path, request, {}, server.url));
      expect([reply.status, reply.body]).toMatchObject([401, { num: 101 }]);
      expect(commands).toEqual([]);
    }
  });

  test.each([
    ['without its prefix', (key: string) => key.slice(3), 'It does not start with "FH-".'],
    ['with another prefix', (key: string) => `FK${key.slice(2)}`, 'It does not start with "FH-".'],
    [
      'with a character left out',
      (key: string) => key.slice(0, 13) + key.slice(14),
      'It has 27 characters after "FH-" and needs 28, in 4 groups of 7. Of its groups, group 2 has 6.',
    ],
    ['cut off', (key: string) => key.slice(0, 10), 'It has 7 characters after "FH-" and needs 28, in 4 groups of 7.'],
    [
      'with a U',
      (key: string) => ` "${key.slice(0, 4)}u${key.slice(5)}"`,
      'Its character 5, counted with dashes and blanks, is not used in keys: digits and the letters A to Z without U are.',
    ],
    [
      'with letters of other scripts',
      (key: string) => `${key.slice(0, 4)}\u00c4\u0416${key.slice(6)}`,
      'Its characters 5, 6, counted with dashes and blanks, are not used in keys: digits and the letters A to Z without U are.',
    ],
    [
      'that is too great a number',
      (key: string) => `FH-Z${key.slice(4)}`,
      'Its first character after "FH-" is wrong: only 0 to 7 are possible there.',
    ],
    [
      'with one wrong character',
      (key: string) => key.slice(0, 8) + (key[8] === '2' ? '3' : '2') + key.slice(9),
      'Its last two characters, a checksum, do not fit the others: at least one is wrong, or two are exchanged.',
    ],
  ])('%s: the answer says what is wrong with its form, and repeats none of it', async (_, mistype, fault) => {
    const { licenseKey } = await world.issue();
    const typed = mistype(licenseKey);
    const { body } = await world.activate(licenseKey);
    const proof = { licenseKey: typed, requestId: randomUUID(), node: { name: 'n1' }, bootId: 'b' };
    const replies = [
      await world.activate(typed),
      await world.call('POST', '/v1/licenses/validate', { licenseKey: typed }),
      await world.call('POST', `/v1/instances/${body.instanceId}/recover`, proof),
    ];
    for (const reply of replies) {
      expect([reply.status, reply.body.code]).toEqual([401, 'INVALID_LICENSE_SECRET']);
      expect(reply.body.detail).toBe(`This is not a licence key as it is issued. ${fault}`);
    }
    for (const group of typed.split('-').slice(1)) {
      expect(JSON.stringify(replies)).not.toContain(group.slice(0, 6));
      expect(world.server().output()).not.toContain(group.slice(0, 6));
    }
  });

  test('L9: typed with spaces, quotes and in lower case is accepted', async () => {
    const { licenseKey } = await world.issue();
    const typed = ` "${licenseKey.toLowerCase().replaceAll('-', ' ')}" `;
    expect((await world.activate(typed)).status).toBe(201);
  });
});

describe('L76: a request that cannot be meant', () => {
  const deep = `${'{"a":'.repeat(2500)}1${'}'.repeat(2500)}`;
  const operator = { $gt: '' };
  const call = (path: string, body: unknown) => world.call('POST', path, body, {}, server.url);
  const admin = (method: string, path: string, body?: unknown) =>
    world.call(method, `/v1/admin${path}`, body, { Authorization: `Bearer ${adminToken}` }, server.url);

  test.each<[string, number, () => Promise<{ status: number; headers: Headers; body: unknown }>]>([
    ['an operator for a key', 400, () => call('/v1/licenses/validate', { licenseKey: operator })],
    ['an operator for a secret', 400, () => world.check('act_0123456789abcdef', { secret: operator }, server.url)],
    ['an operator in a node', 400, () => world.activate('FH', { node: { name: operator } }, server.url)],
    [
      'an operator for a name',
      400,
      () => world.check('act_0123456789abcdef', { secret: 's'.repeat(43), usage: { $inc: 1 } }, server.url),
    ],
    ['an operator in an address', 400, () => admin('GET', '/licenses?externalRef[$ne]=x')],
    [
      'an operator for a licence',
      400,
      () => admin('POST', '/enrollments', { licenseId: operator, nodeName: 'n', generation: 0 }),
    ],
    [
      'an operator in the portal',
      400,
      () => world.me({ account: 'acc_1' }, 'GET', '/licenses?after[$gt]=', undefined, {}, server.url),
    ],
    ['a body of 1 MB', 413, () => call('/v1/activations', { licenseKey: 'x'.repeat(1_000_000) })],
    ['JSON as deep as the limit allows', 400, () => call('/v1/licenses/validate', deep)],
    ['JSON for an array', 400, () => call('/v1/licenses/validate', '[]')],
    ['no JSON', 400, () => call('/v1/licenses/validate', '{"licenseKey":')],
    ['a path that cannot be an id', 400, () => world.check('..%2f..%2fadmin', { secret: 's'.repeat(43) }, server.url)],
    ['a path that cannot be decoded', 400, () => call('/v1/instances/%E0%A4%A/check', { secret: 's'.repeat(43) })],
  ])('%s: %i, and no database command', async (_what, status, call) => {
    const { reply, commands } = await seen(call);
    expect([reply.status, commands]).toEqual([status, []]);
  });
});

describe('the sealing of keys', () => {
  const base = { enrolment: 'e'.repeat(43), licenceKey: 'l'.repeat(43), pepper: 'p'.repeat(43) };
  const s1 = { current: 's1', keys: { s1: 'a'.repeat(43) } };
  const file = (sealing: { current: string; keys: Record<string, string> }) => {
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    };
    const signing = [{ kid: 'k', state: 'current', jwk, publishedAt: '2026-01-01T00:00:00Z' }];
    const rotation = { current: 'r1', keys: { r1: 'r'.repeat(43) } };
    return loadKeys({ json: JSON.stringify({ version: 1, signing, rotation, ...base, sealing }) });
  };

  test('opens what it sealed, for the same purpose only, and never seals alike', async () => {
    const keys = await file(s1);
    const sealed = keys.seal('FH-KEY', 'lic_1 0');
    expect(keys.unseal(sealed, 'lic_1 0')).toBe('FH-KEY');
    expect(keys.seal('FH-KEY', 'lic_1 0').text).not.toBe(sealed.text);
    expect(() => keys.unseal(sealed, 'lic_1 1')).toThrow();
    expect(() => keys.unseal({ ...sealed, tag: keys.seal('FH-KEY', 'lic_1 0').tag }, 'lic_1 0')).toThrow();
  });

  test('goes on to open older versions after its key was rolled', async () => {
    const one = await file(s1);
    const two = await file({ current: 's2', keys: { s1: 'a'.repeat(43), s2: 'b'.repeat(43) } });
    expect(two.unseal(one.seal('FH-KEY', 'lic_1 0'), 'lic_1 0')).toBe('FH-KEY');
    expect(() => one.unseal(two.seal('FH-KEY', 'lic_1 0'), 'lic_1 0')).toThrow('The sealing key s2 is missing');
    await expect(file({ current: 's9', keys: {} })).rejects.toThrow('the current sealing key is missing');
  });
});
