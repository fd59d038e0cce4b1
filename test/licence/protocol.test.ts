import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Connection, createConnection } from 'mongoose';
import { licenceCodes } from '../../src/licence/protocol/codes.ts';
import { licenceKeyText, normaliseLicenceKey } from '../../src/licence/server/keys/licence-key.ts';
import { effectiveEntitlements } from '../../src/licence/server/licences/entitlements.ts';
import { licenceStatus } from '../../src/licence/server/licences/licence-status.ts';
import { readSettings } from '../../src/licence/server/settings.ts';
import { adminToken, type LicenceWorld, startLicenceWorld, startServerProcess } from './support/licence-server.ts';
import { until } from './support/node.ts';

let world: LicenceWorld;
let database: Connection;
beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await database.close();
  await world.stop();
});

const activations = () => database.collection<{ _id: string }>('activations');
const licences = () => database.collection<{ _id: string }>('licences');

test('what a node says about itself can be shown on one line', async () => {
  const { licenseKey } = await world.issue();
  for (const node of [{ name: 'n1\u0000' }, { name: 'n1\u202e' }, { name: 'n1', hostname: '\u001b[2Jhost' }]) {
    expect((await world.activate(licenseKey, { node })).status).toBe(400);
  }
  expect((await world.activate(licenseKey, { node: { name: 'Gewächshaus 1' } })).status).toBe(201);
});

describe('after a crash', () => {
  const pending = { status: 'pending', activatedAt: null, unfinishedSince: new Date() };

  test('L5: after the pending insert, the same activationId ends with one seat and one activation', async () => {
    const licence = await world.issue();
    const same = { activationId: randomUUID(), node: { name: 'n1' } };
    const { body } = await world.activate(licence.licenseKey, same);
    // The database after the process died right after the insert.
    await activations().updateOne({ _id: body.instanceId }, { $set: pending });
    await licences().updateOne({ _id: licence.licenseId }, { $set: { seats: [] } });
    const again = await world.activate(licence.licenseKey, same);
    expect([again.status, again.body.instanceId, again.body.secret]).toEqual([201, body.instanceId, body.secret]);
    const view = await world.view(licence.licenseId);
    expect([view.seats.production.used, view.activations.length]).toEqual([1, 1]);
  });

  test('L6: after the seat was won, the same activationId is the same activation', async () => {
    const licence = await world.issue();
    const same = { activationId: randomUUID(), node: { name: 'n1' } };
    const { body } = await world.activate(licence.licenseKey, same);
    await activations().updateOne({ _id: body.instanceId }, { $set: pending });
    const again = await world.activate(licence.licenseKey, same);
    expect([again.status, again.body.instanceId]).toEqual([201, body.instanceId]);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
  });

  test('L6: a seat whose node never came back is swept', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    await activations().updateOne(
      { _id: body.instanceId },
      { $set: { ...pending, unfinishedSince: new Date(Date.now() - 601_000) } },
    );
    const sweeper = await world.start({ LICENCE_SWEEP_MS: '50' });
    await until('the seat is free', async () => (await world.view(licence.licenseId)).seats.production.used === 0);
    await until('nothing is kept of it', async () => (await world.view(licence.licenseId)).activations.length === 0);
    expect(await sweeper.kill('SIGTERM')).toBe(0);
    await world.start();
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
  });

  test('a takeover or release that was cut short leaves no seat behind and no node without one', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    await activations().updateOne({ _id: body.instanceId }, { $set: { status: 'released' } });
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
    await licences().updateOne({ _id: licence.licenseId }, { $set: { seats: [] } });
    const [holder] = (await world.view(licence.licenseId)).activations;
    expect(holder).toMatchObject({ status: 'active', holdsSeat: false });
  });

  test('killed again and again while nodes activate: never a seat too many, none lost', async () => {
    const licence = await world.issue({ seats: 10 });
    const ids = Array.from({ length: 15 }, () => ({ activationId: randomUUID(), node: { name: `n-${randomUUID()}` } }));
    for (let round = 0; round < 4; round += 1) {
      const asked = Promise.allSettled(ids.map((same) => world.activate(licence.licenseKey, same)));
      await Promise.race([
        asked,
        until('something is written', async () => (await activations().countDocuments()) > 0),
      ]);
      await world.server().kill('SIGKILL');
      await asked;
      await world.start();
    }
    const replies = [];
    for (const same of ids) replies.push(await world.activate(licence.licenseKey, same));
    const won = replies.filter(({ status }) => status < 300).map(({ body }) => body.instanceId);
    const view = await world.view(licence.licenseId);
    expect([won.length, view.seats.production.used]).toEqual([10, 10]);
    expect(
      view.activations
        .filter(({ holdsSeat }) => holdsSeat)
        .map(({ instanceId }) => instanceId)
        .sort(),
    ).toEqual(won.sort());
  });
});

describe('what is refused', () => {
  test('L75: 400, 401, 403, 404, 409, 413, 422 and 429 bodies are valid, with stable codes', async () => {
    const licence = await world.issue();
    const deep = `${'['.repeat(7000)}${']'.repeat(7000)}`;
    const cases: [number, number, Promise<{ status: number; body: unknown; headers: Headers }>][] = [
      [400, 106, world.call('POST', '/v1/activations', {})],
      [400, 106, world.call('POST', '/v1/activations', '{"broken')],
      [400, 106, world.call('POST', '/v1/activations', deep)],
      [413, 124, world.call('POST', '/v1/activations', { licenseKey: 'x'.repeat(1_000_000) })],
      [401, 101, world.activate('FH-NOBODY')],
      [401, 126, world.call('GET', `/v1/admin/licenses/${licence.licenseId}`)],
      [401, 126, world.call('GET', '/v1/admin/anything', undefined, { Authorization: 'Bearer wrong' })],
      [
        401,
        121,
        world.call('POST', '/v1/enrollments/redeem', {
          enrollmentToken: 'wrong',
          activationId: randomUUID(),
          node: { name: 'n1' },
        }),
      ],
      [404, 102, world.admin('GET', '/licenses/lic_0123456789abcdef')],
      [404, 125, world.call('GET', '/v1/anything')],
      [404, 125, world.call('GET', '/')],
      [404, 105, world.admin('POST', '/instances/act_0123456789abcdef/deactivate')],
      [422, 127, world.admin('PUT', '/products/unheard-of/plans/MAKER', { name: 'x', limits: {} })],
      [
        422,
        127,
        world.admin(
          'POST',
          '/licenses',
          {
            product: 'freehold-server',
            plan: 'NONE',
            externalRef: 'x',
            standing: { standing: 'current', revision: 1 },
          },
          { 'Idempotency-Key': randomUUID() },
        ),
      ],
      [
        400,
        106,
        world.admin('POST', '/licenses', {
          product: 'freehold-server',
          plan: 'MAKER',
          externalRef: 'x',
          standing: { standing: 'current', revision: 1 },
        }),
      ],
      [400, 106, world.admin('PUT', '/products/__proto__/plans/MAKER', { name: 'x', limits: {} })],
      [400, 106, world.admin('PUT', '/products/freehold-server/plans/BAD', { name: 'x', limits: { 'a.b': 1 } })],
      [400, 106, world.admin('PUT', '/products/freehold-server/plans/BAD', { name: 'x', limits: { $where: 1 } })],
    ];
    for (const [status, num, asked] of cases) {
      const reply = await asked;
      expect([reply.status, reply.body]).toMatchObject([status, { num }]);
      expect(reply.headers.get('Content-Type')).toContain('application/problem+json');
    }
  });

  test('L76: operators in bodies are refused before any query', async () => {
    const operator = { $gt: '' };
    const redeem = { enrollmentToken: operator, activationId: randomUUID(), node: { name: 'n1' } };
    expect((await world.call('POST', '/v1/enrollments/redeem', redeem)).status).toBe(400);
    expect((await world.activate('FH', { node: { name: operator } })).status).toBe(400);
    expect((await world.check('act_0123456789abcdef', { secret: operator })).status).toBe(400);
    expect((await world.check('act_0123456789abcdef', { secret: 's'.repeat(43), usage: { $inc: 1 } })).status).toBe(
      400,
    );
    expect((await world.admin('GET', '/licenses?externalRef[$ne]=x')).status).toBe(400);
    expect((await world.admin('GET', '/audit?licenseId[$ne]=x')).status).toBe(400);
  });

  test('every code has its own number and one sentence to act on', () => {
    const entries = Object.values(licenceCodes);
    expect(new Set(entries.map(({ num }) => num)).size).toBe(entries.length);
    for (const { title, remedy } of entries) {
      for (const text of [title, remedy]) expect(text).toMatch(/^[A-Z].*[^.]\.$/);
    }
  });

  test('no key, secret or token is in what the server logs', async () => {
    const licence = await world.issue();
    const { enrollmentToken } = await world.enrol(licence.licenseId);
    const { body } = await world.activate(licence.licenseKey);
    await world.check(body.instanceId, { secret: body.secret });
    await world.check(body.instanceId, { secret: randomBytes(32).toString('base64url') });
    await world.activate(licence.licenseKey);
    const output = world.server().output();
    expect(output).toContain('refused');
    for (const secret of [licence.licenseKey, enrollmentToken, body.secret, adminToken])
      expect(output).not.toContain(secret);
    const stored = JSON.stringify([await activations().find().toArray(), await licences().find().toArray()]);
    for (const secret of [licence.licenseKey, enrollmentToken, body.secret]) expect(stored).not.toContain(secret);
  });
});

describe('the process', () => {
  test('keeps its keys in a file of its own, mode 0600, shared by servers that start at once', async () => {
    const keysFile = join(world.folder, 'shared', 'keys.json');
    const environment = {
      LICENCE_MONGODB_URI: world.database.uri,
      LICENCE_ADMIN_TOKEN: adminToken,
      LICENCE_KEYS_FILE: keysFile,
    };
    const servers = await Promise.all([1, 2, 3].map(() => startServerProcess(environment)));
    expect((await stat(keysFile)).mode & 0o777).toBe(0o600);
    const published = await Promise.all(
      servers.map(async ({ url }) => (await fetch(`${url}/.well-known/license-keys.json`)).json()),
    );
    expect(published[1]).toEqual(published[0]);
    expect(published[2]).toEqual(published[0]);
    expect((published[0] as { keys: { d?: string }[] }).keys).toHaveLength(2);
    expect(JSON.stringify(published)).not.toContain('"d"');
    expect(await readFile(keysFile, 'utf8')).toContain('"d"');
    expect(await Promise.all(servers.map((server) => server.kill('SIGTERM')))).toEqual([0, 0, 0]);
  });

  test('is alive and ready, and says when it is not configured', async () => {
    expect((await world.call('GET', '/health/live')).status).toBe(200);
    expect((await world.call('GET', '/health/ready')).status).toBe(200);
    expect(() => readSettings({ LICENCE_MONGODB_URI: 'mongodb://127.0.0.1/x' })).toThrow('LICENCE_KEYS');
    const keyed = { LICENCE_MONGODB_URI: 'mongodb://127.0.0.1/x', LICENCE_KEYS_FILE: '/nowhere' };
    expect(() => readSettings(keyed)).toThrow('LICENCE_ADMIN_TOKEN');
  });

  test('validates a key without taking a seat', async () => {
    const licence = await world.issue();
    const validate = (licenseKey: string) =>
      world.call('POST', '/v1/licenses/validate', { licenseKey, nonce: 'my-own-nonce' });
    expect((await validate(licence.licenseKey)).body).toMatchObject({
      valid: true,
      code: 'VALID',
      nonce: 'my-own-nonce',
      plan: 'MAKER',
      seats: { limit: 1, used: 0 },
    });
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, { standing: 'suspended', revision: 2 });
    expect((await validate(licence.licenseKey)).body).toMatchObject({ valid: false, code: 'SUBSCRIPTION_NOT_ACTIVE' });
  });

  test('keeps products and releases as data', async () => {
    const path = '/products/freehold-server/releases';
    await world.admin('PUT', `${path}/1.10.0`, { releasedOn: '2026-03-01' });
    await world.admin('PUT', `${path}/1.9.0`, { releasedOn: '2026-02-01' });
    await world.admin('PUT', `${path}/1.9.0`, { releasedOn: '2026-01-01' });
    expect((await world.admin('GET', path)).body).toEqual({
      releases: [
        { version: '1.9.0', releasedOn: '2026-01-01' },
        { version: '1.10.0', releasedOn: '2026-03-01' },
      ],
    });
  });
});

describe('rules without a server', () => {
  test('a licence key survives how people type it, and one wrong character is always found', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(27), fc.nat(30), (bytes, place, shift) => {
        const key = licenceKeyText(Buffer.from(bytes));
        expect(normaliseLicenceKey(key)).toBe(key);
        expect(normaliseLicenceKey(`'${key.toLowerCase()} '`)).toBe(key);
        const plain = key.replaceAll('-', '');
        const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
        const at = place + 2;
        const other = alphabet[(alphabet.indexOf(plain[at] as string) + 1 + shift) % 32] as string;
        expect(normaliseLicenceKey(plain.slice(0, at) + other + plain.slice(at + 1))).toBeNull();
      }),
    );
  });

  test('the standing decides the status', () => {
    const status = (standing: Parameters<typeof licenceStatus>[0]['standing']['standing'], more = {}) =>
      licenceStatus(
        { kind: 'subscription', standing: { standing, paidUntil: null, endsAt: null, ...more }, revokedAt: null },
        1000,
      );
    expect(status('pending')).toBe('PENDING');
    expect(['current', 'past_due', 'restricted', 'disputed'].map((value) => status(value as 'current'))).toEqual(
      Array(4).fill('ACTIVE'),
    );
    expect([status('suspended'), status('terminated'), status('refunded')]).toEqual([
      'SUSPENDED',
      'EXPIRED',
      'REVOKED',
    ]);
    expect(status('past_due', { paidUntil: new Date(0) })).toBe('ACTIVE');
    expect(status('current', { endsAt: new Date(1000) })).toBe('ACTIVE');
    expect(status('current', { endsAt: new Date(999) })).toBe('EXPIRED');
  });

  test('add-ons raise limits, unlimited stays unlimited, own values replace', () => {
    const plan = {
      limits: { users: 1, devices: null, plugins: 3 },
      features: { brands: false },
      addOns: { users: { limits: { users: 1, devices: 5 } } },
    };
    expect(effectiveEntitlements(plan, { addOns: { users: 4 }, limits: {}, features: { brands: true } })).toEqual({
      limits: { users: 5, devices: null, plugins: 3 },
      features: { brands: true },
    });
    expect(effectiveEntitlements(plan, { addOns: {}, limits: { plugins: 9 }, features: {} }).limits.plugins).toBe(9);
  });
});
