import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LicenceView } from '../../src/licence/protocol/admin.ts';
import { readSettings } from '../../src/licence/server/settings.ts';
import { adminToken, type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';

/** Inputs that the licence server must not take, and what it says about them. */

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld();
}, 60_000);
afterAll(() => world?.stop());

interface Refused {
  code: string;
  num: number;
  detail: string;
}

const key = () => ({ 'Idempotency-Key': randomUUID() });
const putPlan = (plan: string, data: unknown) =>
  world.admin<Refused>('PUT', `/products/${product}/plans/${plan}`, data);
const unreadable = (field: string) => ({
  status: 400,
  body: { num: 106, detail: expect.stringMatching(new RegExp(`(^|\\. )${field}: [A-Z].+\\.$`)) },
});
const issueBody = (more: Record<string, unknown> = {}) => ({
  product,
  plan: 'MAKER',
  externalRef: `i-${randomUUID()}`,
  standing: { standing: 'current', revision: 1 },
  ...more,
});

describe('a plan', () => {
  test.each([
    { intervalSec: 3600, graceSec: 3599 },
    { graceSec: 60 },
    { intervalSec: 86_400 },
    { intervalSec: 1000, graceSec: 1099, jitterPct: 10 },
  ])('whose nodes would lock before their next check is refused: %j', async (check) => {
    expect(await putPlan('HASTY', { name: 'x', limits: {}, check })).toMatchObject(unreadable('check.graceSec'));
  });

  test('whose grace lasts just to the latest next check is taken', async () => {
    const check = { intervalSec: 1000, graceSec: 1100, jitterPct: 10 };
    expect((await putPlan('JUST', { name: 'x', limits: {}, check })).status).toBe(200);
  });
});

describe('names that every object inherits', () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'];

  test.each(names)('%s is no limit, feature or add-on of a plan', async (name) => {
    for (const text of [
      `{"name":"x","limits":{"${name}":1}}`,
      `{"name":"x","limits":{},"features":{"${name}":true}}`,
      `{"name":"x","limits":{},"addOns":{"${name}":{"limits":{}}}}`,
      `{"name":"x","limits":{},"addOns":{"more":{"limits":{"${name}":1}}}}`,
    ]) {
      expect(await putPlan('NAMES', text)).toMatchObject({ status: 400, body: { num: 106 } });
    }
    expect((await world.admin('GET', `/products/${product}/plans/NAMES`)).status).toBe(404);
  });

  test.each(names)('%s is no add-on, limit or feature of a licence', async (name) => {
    for (const member of ['addOns', 'limits', 'features']) {
      const value = member === 'features' ? 'true' : '1';
      const body = JSON.stringify(issueBody()).replace(/}$/, `,"${member}":{"${name}":${value}}}`);
      expect(await world.admin('POST', '/licenses', body, key())).toMatchObject({ status: 400, body: { num: 106 } });
    }
    const licence = await world.issue();
    const pushed = `{"revision":1,"plan":"MAKER","seats":1,"addOns":{"${name}":1}}`;
    const reply = await world.admin('POST', `/licenses/${licence.licenseId}/entitlements`, pushed);
    expect(reply).toMatchObject({ status: 400, body: { num: 106 } });
  });

  test('are no product and no plan, and no counter of a check', async () => {
    expect((await world.admin('PUT', '/products/constructor', { name: 'x' })).status).toBe(400);
    expect((await putPlan('constructor', { name: 'x', limits: {} })).status).toBe(400);
    expect(await world.admin('POST', '/licenses', issueBody({ plan: 'toString' }), key())).toMatchObject(
      unreadable('plan'),
    );
    const { body } = await world.activate((await world.issue()).licenseKey);
    const checked = await world.check(body.instanceId, { secret: body.secret, usage: { constructor: 1 } });
    expect(checked).toMatchObject(unreadable('usage.constructor'));
  });
});

describe('a webhook', () => {
  test.each([
    'https://[::127.0.0.1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b:1::7f00:1]/',
    'https://[100:0:0:1::1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://127.0.0.1./',
  ])('is not sent to %s', async (url) => {
    const reply = await world.admin('POST', '/webhooks', { url }, key());
    expect(reply).toMatchObject({ status: 422, body: { code: 'WEBHOOK_ADDRESS_REFUSED' } });
  });
});

describe('a body that is not JSON', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin2',
  ])('%s: 415', async (type) => {
    const body = { licenseKey: 'x', product };
    const reply = await world.call('POST', '/v1/licenses/validate', body, { 'Content-Type': type });
    expect(reply).toMatchObject({ status: 415, body: { num: 132, code: 'UNSUPPORTED_MEDIA_TYPE' } });
  });

  test('of a caller who may not call is not judged', async () => {
    const reply = await world.call('POST', '/v1/admin/licenses', 'x', { 'Content-Type': 'text/plain' });
    expect(reply.status).toBe(401);
  });
});

describe('credentials', () => {
  test.each(['bearer', 'BEARER', 'Bearer'])('are accepted after %s', async (scheme) => {
    const admin = { Authorization: `${scheme} ${adminToken}` };
    expect((await world.call('GET', '/v1/admin/products', undefined, admin)).status).toBe(200);
    const token = await world.accounts.token({ account: 'acc_inputs' });
    const member = { Authorization: `${scheme} ${token}` };
    expect((await world.call('GET', '/v1/me/licenses', undefined, member)).status).toBe(200);
  });

  test.each(['', 'Bearer', 'Bearer ', `Basic ${adminToken}`, adminToken, `Bearer ${adminToken} x`])(
    'are refused as %j',
    async (Authorization) => {
      expect((await world.call('GET', '/v1/admin/products', undefined, { Authorization })).status).toBe(401);
    },
  );

  test('of the administrator hold no blanks', () => {
    const spaced = { LICENCE_MONGODB_URI: 'mongodb://127.0.0.1/x', LICENCE_KEYS_FILE: '/x' };
    expect(() => readSettings({ ...spaced, LICENCE_ADMIN_TOKEN: 'a token with blanks in it' })).toThrow('blanks');
  });
});

describe('a request that does not fit', () => {
  test.each<[path: string, body: unknown, detail: string]>([
    [
      '/v1/instances/act_0123456789abcdef/recover',
      { requestId: 'request-1', node: { name: 'n' } },
      'body: Send exactly one of licenseKey and enrollmentToken.',
    ],
    [
      '/v1/activations',
      { licenseKey: 'x', activationId: 'activation-1', product, version: '1', node: { name: 'a\nb' } },
      'node.name: Use printable characters on one line.',
    ],
    ['/v1/instances/act_0123456789abcdef/check', { secret: 7 }, 'secret: This must be text.'],
    ['/v1/licenses/validate', {}, 'licenseKey: This field is required.'],
    ['/v1/licenses/validate', [], 'body: This must be an object with fields.'],
  ])('%s is told in a sentence: %j', async (path, body, detail) => {
    expect(await world.call('POST', path, body)).toMatchObject({ status: 400, body: { num: 106, detail } });
  });

  test('is told so in the calls of the control plane, too', async () => {
    const licence = await world.issue();
    const file = { clusterId: 'c1', fingerprint: 'f1', days: 1 };
    const offline = (body: unknown) =>
      world.admin<Refused>('POST', `/licenses/${licence.licenseId}/offline-files`, body, key());
    expect((await offline(file)).body.detail).toBe('body: Send exactly one of clusterId and fingerprint.');
    expect((await offline({ fingerprint: 'f1', days: 1, seats: 2 })).body.detail).toBe(
      'seats: A machine is one node: a file for a fingerprint has 1 seat.',
    );
    const noKey = await world.admin<Refused>('POST', '/licenses', issueBody());
    expect(noKey.body.detail).toBe('headers.idempotency-key: This field is required.');
    const named = await world.admin<Refused>('GET', '/products', undefined, { Operator: 'two words' });
    expect(named.body.detail).toMatch(/^headers\.operator: [A-Z].*\.$/);
  });

  test('is told without what it sent, not even where a name belongs', async () => {
    const { licenseKey } = await world.issue();
    const reply = await world.admin<Refused>('POST', '/licenses', issueBody({ [licenseKey]: 1 }), key());
    expect(reply.body.detail).toContain('There is no such field');
    expect(JSON.stringify(reply.body)).not.toContain(licenseKey);
  });
});

describe('years of updates', () => {
  const perpetual = { updatesFrom: '2026-01-01', years: 10, price: { amount: 100, currency: 'EUR' } };
  const extend = (id: string, body: unknown) =>
    world.admin<LicenceView & Refused>('POST', `/licenses/${id}/extend`, body, key());

  test('are bounded in a call and in all', async () => {
    await world.putPlan('FOREVER', { perpetual: {} });
    const { licenseId } = await world.issue({ plan: 'FOREVER', perpetual });
    expect((await extend(licenseId, { years: 11 })).body.detail).toBe('years: This must be 10 or less.');
    expect((await extend(licenseId, { years: 1, until: '2027-01-01T00:00:00Z' })).status).toBe(400);
    for (let years = 20; years <= 100; years += 10) {
      expect((await extend(licenseId, { years: 10 })).status).toBe(200);
    }
    const most = await extend(licenseId, { years: 1 });
    expect(most).toMatchObject({ status: 400, body: { num: 106, detail: expect.stringContaining('100') } });
    const preview = await world.admin('GET', `/licenses/${licenseId}/renewal?years=1`);
    expect(preview).toMatchObject({ status: 400, body: { num: 106 } });
    expect((await world.view(licenseId)).perpetual?.updatesUntil).toBe('2126-01-01');
  });

  test('and the other dates stay in the calendar', async () => {
    const late = issueBody({ plan: 'FOREVER', perpetual: { ...perpetual, updatesFrom: '9995-01-01' } });
    expect(await world.admin('POST', '/licenses', late, key())).toMatchObject(unreadable('perpetual.updatesFrom'));
    const { licenseId } = await world.issue();
    const until = await extend(licenseId, { until: '9999-12-31T23:59:59-14:00' });
    expect(until).toMatchObject(unreadable('until'));
  });
});

describe('another method', () => {
  async function send(method: string, path: string, headers: Record<string, string> = {}) {
    const sent = request(world.url() + path, { method, headers });
    sent.end();
    const [answer] = await once(sent, 'response');
    answer.resume();
    return { status: answer.statusCode, allow: answer.headers.allow };
  }

  test.each([
    ['TRACE', '/v1/activations', 'POST'],
    ['TRACE', '/health/live', 'GET, HEAD'],
    ['TRACE', '/openapi.json', 'GET, HEAD'],
    ['GET', '/v1/licenses/validate', 'POST'],
    ['PATCH', '/v1/instances/act_0123456789abcdef/check', 'POST'],
  ])('%s %s: 405 with the methods that it has', async (method, path, allow) => {
    expect(await send(method, path)).toEqual({ status: 405, allow });
  });

  test("of the control plane's calls is told to the control plane alone", async () => {
    expect((await send('TRACE', '/v1/admin/products')).status).toBe(401);
    const admin = { Authorization: `Bearer ${adminToken}` };
    expect(await send('TRACE', '/v1/admin/products', admin)).toEqual({ status: 405, allow: 'GET, HEAD' });
  });
});
