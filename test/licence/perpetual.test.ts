import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { AuditEntry, IssueLicence, LicenceView, RenewalPreview } from '../../src/licence/protocol/admin.ts';
import { updatesUntil, utcDay } from '../../src/licence/server/perpetual/fallback.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';
import { startNodes } from './support/node.ts';

let world: LicenceWorld;
let database: Connection;
let nodes: Awaited<ReturnType<typeof startNodes>>;

const register = (version: string, releasedOn: string) =>
  world.admin('PUT', `/products/${product}/releases/${version}`, { releasedOn });

const released = {
  '1.0.0': '2020-12-01',
  '1.1.0': '2021-06-30',
  '1.2.0': '2022-03-01',
  '1.2.1': '2022-03-02',
  '1.3.0': '2022-03-02',
  '2.0.0': '2022-12-24',
};

beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
  nodes = await startNodes(() => (url, init) => fetch(url.replace('http://licence.test', world.url()), init));
  for (const [version, releasedOn] of Object.entries(released)) await register(version, releasedOn);
  await world.putPlan('BY_DATE', { perpetual: {} });
  await world.putPlan('BY_LINE', { perpetual: { wholeLine: true, unknownReleases: 'allow-dev' } });
  await world.putPlan('FROM_NOW', { perpetual: { renewalBasis: 'FROM_NOW_IF_EXPIRED' } });
}, 60_000);
afterAll(async () => {
  await nodes.stop();
  await database.close();
  await world.stop();
});

const bought = { updatesFrom: '2021-03-01', years: 1, price: { amount: 99_999, currency: 'EUR' } };
const buy = (plan: string, request: Partial<IssueLicence> = {}) =>
  world.issue({ plan, seats: 2, perpetual: bought, ...request });

const preview = (licenseId: string, years: number | string = 1) =>
  world.admin<RenewalPreview>('GET', `/licenses/${licenseId}/renewal?years=${years}`);
const extend = (licenseId: string, years: number, key: string = randomUUID()) =>
  world.admin<LicenceView & { code: string }>(
    'POST',
    `/licenses/${licenseId}/extend`,
    { years },
    { 'Idempotency-Key': key },
  );
const auditOf = async (licenseId: string) =>
  (await world.admin<{ entries: AuditEntry[] }>('GET', `/audit?licenseId=${licenseId}`)).body.entries;
const actionsOf = async (licenseId: string) => (await auditOf(licenseId)).map(({ action }) => action);

describe('a perpetual licence', () => {
  test('shows its window, its terms and the newest version that may run for ever', async () => {
    const licence = await buy('BY_DATE');
    expect(licence).toMatchObject({
      kind: 'perpetual',
      status: 'ACTIVE',
      perpetual: {
        updatesUntil: '2022-03-01',
        newestVersion: '1.2.0',
        price: bought.price,
        terms: { wholeLine: false, renewalBasis: 'FROM_EXPIRY', renewalBasisPoints: 4_000, unknownReleases: 'deny' },
        renewals: [],
      },
    });
    expect((await buy('BY_LINE')).perpetual?.newestVersion).toBe('1.2.1');
    expect(await world.issue()).toMatchObject({ kind: 'subscription', perpetual: null });
  });

  test('keeps the terms on which it was sold', async () => {
    await world.putPlan('CHANGING', { perpetual: { wholeLine: true } });
    const licence = await buy('CHANGING');
    await world.putPlan('CHANGING', { perpetual: { renewalBasisPoints: 9_000 } });
    expect((await world.view(licence.licenseId)).perpetual?.terms).toMatchObject({
      wholeLine: true,
      renewalBasisPoints: 4_000,
    });
    expect((await world.activate(licence.licenseKey, { version: '1.2.1' })).status).toBe(201);
  });

  test('is sold only on plans that are, and as a whole', async () => {
    await expect(buy('MAKER')).rejects.toThrow('UNKNOWN_PRODUCT_OR_PLAN');
    for (const wrong of [
      { ...bought, updatesFrom: '2021-02-29' },
      { ...bought, updatesFrom: '2021-03-01T00:00:00Z' },
      { ...bought, years: 0 },
      { ...bought, price: { amount: 1.5, currency: 'EUR' } },
      { ...bought, updatesUntil: '2099-01-01' },
    ]) {
      await expect(buy('BY_DATE', { perpetual: wrong })).rejects.toThrow('INVALID_LICENSE_CHECK_REQUEST');
    }
  });

  test('goes on when the payments for its updates have ended', async () => {
    const licence = await buy('BY_DATE');
    const { body } = await world.activate(licence.licenseKey, { version: '1.2.0' });
    const over = { standing: 'terminated', revision: 2, endsAt: '2022-03-01T12:00:00Z' };
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, over);
    const checked = await world.check(body.instanceId, { secret: body.secret, version: '1.2.0' });
    expect([checked.status, checked.body.notices]).toEqual([200, []]);
    expect((await world.claimsOf(checked.body.license)).lic).toMatchObject({
      kind: 'perpetual',
      status: 'ACTIVE',
      updatesUntil: '2022-03-01',
    });
    const refunded = { standing: 'refunded', revision: 3 };
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, refunded);
    expect((await world.check(body.instanceId, { secret: checked.body.secret })).body.code).toBe(
      'SUBSCRIPTION_NOT_ACTIVE',
    );
    expect((await extend(licence.licenseId, 1)).body.code).toBe('LICENSE_REVOKED');
  });
});

describe('a version', () => {
  test('L53: runs when it came out on the last day, and is refused when it came out a day later', async () => {
    const licence = await buy('BY_DATE');
    expect((await world.activate(licence.licenseKey, { version: '1.2.0' })).status).toBe(201);
    const refused = await world.activate(licence.licenseKey, { version: '1.3.0' });
    expect([refused.status, refused.body]).toMatchObject([
      403,
      {
        code: 'UNSUPPORTED_SOFTWARE_VERSION',
        num: 109,
        detail:
          'Version 1.3.0 was released on 2022-03-02, updates end on 2022-03-01. ' +
          'The newest version that this licence may run is 1.2.0.',
      },
    ]);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
    expect((await auditOf(licence.licenseId)).at(-1)).toMatchObject({
      action: 'version.refused',
      actor: 'key-holder',
      after: { code: 'UNSUPPORTED_SOFTWARE_VERSION', version: '1.3.0' },
    });
  });

  test('that is made up is audited and told once a day, however many are made up', async () => {
    const licence = await buy('BY_DATE');
    for (const version of ['9.9.1', '9.9.2', '9.9.3']) {
      expect((await world.activate(licence.licenseKey, { version })).body.code).toBe('UNKNOWN_RELEASE');
    }
    const days = 1 + Number(utcDay(Date.parse(licence.createdAt)) !== utcDay(Date.now()));
    const about = { licenceId: licence.licenseId };
    const events = await database.collection('events').countDocuments({ ...about, type: 'version.refused' });
    const audited = await database.collection('audit').countDocuments({ ...about, action: 'version.refused' });
    expect(events).toBe(audited);
    expect(events).toBeGreaterThan(0);
    expect(events).toBeLessThanOrEqual(days);
  });

  test('L54: is as old as the registry says, whatever the node says of itself', async () => {
    const licence = await buy('BY_DATE');
    const lie = { releasedOn: '2020-01-01', releaseDate: '2020-01-01', buildDate: '2020-01-01' };
    expect((await world.activate(licence.licenseKey, { version: '2.0.0', ...lie })).body.code).toBe(
      'UNSUPPORTED_SOFTWARE_VERSION',
    );
    const { body } = await world.activate(licence.licenseKey, { version: '1.1.0' });
    const checked = await world.check(body.instanceId, { secret: body.secret, version: '2.0.0', ...lie });
    expect(checked.body.code).toBe('UNSUPPORTED_SOFTWARE_VERSION');
  });

  test('L55: with the whole line, bug fixes of it run after the window, the next line does not', async () => {
    const licence = await buy('BY_LINE');
    expect((await world.activate(licence.licenseKey, { version: '1.2.1' })).status).toBe(201);
    const refused = await world.activate(licence.licenseKey, { version: '1.3.0' });
    expect([refused.body.code, refused.body.detail]).toEqual([
      'UNSUPPORTED_SOFTWARE_VERSION',
      expect.stringContaining('may run is 1.2.1.'),
    ]);
  });

  test('that nobody registered runs on development nodes only, where the terms allow it', async () => {
    const strict = await buy('BY_DATE', { developmentSeats: 1 });
    const lenient = await buy('BY_LINE', { developmentSeats: 1 });
    const own = { version: '9.9.9-dev' };
    const refused = await world.activate(strict.licenseKey, { ...own, mode: 'development' });
    expect([refused.status, refused.body]).toMatchObject([403, { code: 'UNKNOWN_RELEASE', num: 113 }]);
    expect(refused.body.detail).toContain('may run is 1.2.0.');
    expect((await world.activate(lenient.licenseKey, own)).body.code).toBe('UNKNOWN_RELEASE');
    expect((await world.activate(lenient.licenseKey, { ...own, mode: 'development' })).status).toBe(201);
  });

  test('is refused to a node that enrols without naming one', async () => {
    const licence = await buy('BY_DATE');
    const { enrollmentToken } = await world.enrol(licence.licenseId);
    const redeem = { enrollmentToken, activationId: randomUUID(), node: { name: 'n1' } };
    const redeemed = (more = {}) => world.call('POST', '/v1/enrollments/redeem', { ...redeem, ...more });
    expect((await redeemed()).body.code).toBe('UNKNOWN_RELEASE');
    expect((await redeemed({ version: '1.2.0' })).status).toBe(201);
  });

  test('can be asked about before it is installed, without a seat', async () => {
    const licence = await buy('BY_DATE');
    const validate = async (version?: string) =>
      (await world.call('POST', '/v1/licenses/validate', { licenseKey: licence.licenseKey, version })).body;
    expect(await validate('1.2.0')).toMatchObject({ valid: true, code: 'VALID', seats: { used: 0 } });
    expect(await validate()).toMatchObject({ valid: true, code: 'VALID' });
    expect(await validate('2.0.0')).toMatchObject({
      valid: false,
      code: 'UNSUPPORTED_SOFTWARE_VERSION',
      detail: expect.stringContaining('may run is 1.2.0.'),
    });
    const subscription = await world.issue();
    const any = { licenseKey: subscription.licenseKey, version: '9.9.9' };
    expect((await world.call('POST', '/v1/licenses/validate', any)).body).toMatchObject({ valid: true });
  });

  test('whose day was wrong is judged by the right one at the next check', async () => {
    await register('1.1.9', '2022-02-01');
    const licence = await buy('BY_DATE');
    const { body } = await world.activate(licence.licenseKey, { version: '1.1.9' });
    await register('1.1.9', '2022-04-01');
    await register('1.1.9', '2022-04-01');
    expect((await world.check(body.instanceId, { secret: body.secret })).body.code).toBe(
      'UNSUPPORTED_SOFTWARE_VERSION',
    );
    const reported = await database
      .collection('audit')
      .find({ action: 'release.registered', 'after.version': '1.1.9' })
      .sort({ _id: 1 })
      .toArray();
    expect(reported).toMatchObject([
      { before: null, after: { product, releasedOn: '2022-02-01' } },
      { before: { releasedOn: '2022-02-01' }, after: { product, releasedOn: '2022-04-01' } },
    ]);
  });
});

describe('a node that was upgraded too far', () => {
  test('is locked by a signed verdict, keeps its seat, and goes on with an older version', async () => {
    const licence = await buy('BY_DATE');
    const { body } = await world.activate(licence.licenseKey, { version: '1.2.0' });
    const round = { secret: body.secret, requestId: randomUUID() };
    for (const _ of [1, 2]) {
      const refused = await world.check(body.instanceId, { ...round, version: '1.3.0' });
      expect([refused.status, refused.body.code]).toEqual([403, 'UNSUPPORTED_SOFTWARE_VERSION']);
      const claims = await world.claimsOf(refused.body.verdict);
      expect(claims).toMatchObject({ jti: round.requestId, lic: { status: 'ACTIVE', updatesUntil: '2022-03-01' } });
      expect(claims.refusal).toMatchObject({ num: 109, detail: expect.stringContaining('may run is 1.2.0.') });
    }
    expect((await world.view(licence.licenseId)).activations).toMatchObject([{ version: '1.2.0', holdsSeat: true }]);
    const good = await world.check(body.instanceId, { ...round, version: '1.2.0' });
    expect(good.status).toBe(200);
    expect((await world.claimsOf(good.body.license)).refusal).toBeUndefined();
    await world.check(body.instanceId, { secret: good.body.secret, version: '1.3.0' });
  });

  test('is audited once an hour, whatever versions it names', async () => {
    const licence = await buy('BY_DATE');
    const { body } = await world.activate(licence.licenseKey, { version: '1.2.0' });
    const ask = async (versions: string[]) => {
      for (const version of versions) await world.check(body.instanceId, { secret: body.secret, version });
    };
    const refusals = async () =>
      (await auditOf(licence.licenseId)).filter(({ action }) => action === 'version.refused');
    await ask(['1.3.0', '1.3.0', '2.0.0', '9.9.1', '9.9.2']);
    const refused = { instanceId: body.instanceId, before: { version: '1.2.0' }, after: { version: '1.3.0' } };
    expect(await refusals()).toMatchObject([refused]);
    const activations = database.collection<{ _id: string }>('activations');
    const versionRefusedAt = new Date(Date.now() - 3_601_000);
    await activations.updateOne({ _id: body.instanceId }, { $set: { versionRefusedAt } });
    await ask(['2.0.0', '1.3.0']);
    expect(await refusals()).toMatchObject([refused, { ...refused, after: { version: '2.0.0' } }]);
  });

  test('goes on at once when updates are renewed', async () => {
    const licence = await buy('BY_DATE');
    const { body } = await world.activate(licence.licenseKey, { version: '1.2.0' });
    const round = { secret: body.secret, requestId: randomUUID(), version: '1.3.0' };
    expect((await world.check(body.instanceId, round)).status).toBe(403);
    await extend(licence.licenseId, 1);
    const checked = await world.check(body.instanceId, round);
    expect(checked.status).toBe(200);
    expect((await world.claimsOf(checked.body.license)).lic.updatesUntil).toBe('2023-03-01');
    expect(await world.view(licence.licenseId)).toMatchObject({ perpetual: { newestVersion: '2.0.0' } });
  });

  test('is locked in the client library until it runs a version that is covered', async () => {
    const licence = await buy('BY_DATE');
    const stateFile = nodes.newStateFile();
    const { enrollmentToken } = await world.enrol(licence.licenseId);
    const run = async (version: string) => {
      const client = nodes.client({ stateFile, enrollmentToken, version });
      await client.start();
      const snapshot = await client.check();
      await client.stop();
      return snapshot;
    };
    expect(await run('1.2.0')).toMatchObject({ state: 'OK' });
    expect(await run('1.3.0')).toMatchObject({
      state: 'LOCKED',
      effect: 'readonly',
      reason: { code: 'UNSUPPORTED_SOFTWARE_VERSION', num: 109 },
    });
    expect(await run('1.2.0')).toMatchObject({ state: 'OK', reason: null });
  });

  test('of a subscription runs whatever it likes', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey, { version: '9.9.9' });
    const checked = await world.check(body.instanceId, { secret: body.secret, version: '10.0.0' });
    expect(checked.status).toBe(200);
    expect((await world.claimsOf(checked.body.license)).lic).toMatchObject({
      kind: 'subscription',
      updatesUntil: null,
    });
  });
});

describe('a renewal', () => {
  test('L57: from expiry: costs 40 % a year and gives what its preview said', async () => {
    const licence = await buy('BY_DATE');
    const asked = { years: 2, updatesUntil: '2024-03-01', price: { amount: 80_000, currency: 'EUR' } };
    expect((await preview(licence.licenseId, 2)).body).toEqual(asked);
    expect((await world.view(licence.licenseId)).perpetual?.renewals).toEqual([]);
    expect((await extend(licence.licenseId, 2)).body.perpetual).toMatchObject({
      updatesUntil: '2024-03-01',
      renewals: [asked],
    });
    expect((await auditOf(licence.licenseId)).at(-1)).toMatchObject({
      action: 'license.renewed',
      actor: 'control-plane',
      before: { updatesUntil: '2022-03-01' },
      after: asked,
    });
  });

  test('L57: from now when updates have ended, else from expiry', async () => {
    const late = (await extend((await buy('FROM_NOW')).licenseId, 1)).body.perpetual;
    const from = utcDay(Date.parse(String(late?.renewals[0]?.at)));
    expect(late?.updatesUntil).toBe(updatesUntil({ from, years: 1 }));

    const lasting = { ...bought, updatesFrom: from, years: 3 };
    const early = await buy('FROM_NOW', { perpetual: lasting });
    expect((await extend(early.licenseId, 1)).body.perpetual?.updatesUntil).toBe(updatesUntil({ from, years: 4 }));
  });

  test('L57: of a window from 29 February ends on 29 February again in a leap year', async () => {
    const licence = await buy('BY_DATE', { perpetual: { ...bought, updatesFrom: '2020-02-29' } });
    expect(licence.perpetual?.updatesUntil).toBe('2021-02-28');
    const ends = [];
    for (const _ of [2022, 2023, 2024]) ends.push((await extend(licence.licenseId, 1)).body.perpetual?.updatesUntil);
    expect(ends).toEqual(['2022-02-28', '2023-02-28', '2024-02-29']);
  });

  test('happens once for each key, also when it is asked for many times at once', async () => {
    const licence = await buy('BY_DATE');
    const key = randomUUID();
    const replies = await Promise.all([1, 2, 3, 4, 5].map(() => extend(licence.licenseId, 1, key)));
    expect(replies.map(({ status, body }) => [status, body.perpetual?.updatesUntil])).toEqual(
      Array(5).fill([200, '2023-03-01']),
    );
    expect((await extend(licence.licenseId, 2, key)).body.code).toBe('IDEMPOTENCY_CONFLICT');
    await Promise.all([1, 2, 3, 4].map(() => extend(licence.licenseId, 1)));
    expect((await world.view(licence.licenseId)).perpetual).toMatchObject({
      updatesUntil: '2027-03-01',
      renewals: { length: 5 },
    });
    expect((await actionsOf(licence.licenseId)).filter((action) => action === 'license.renewed')).toHaveLength(5);
  });

  test('is refused for subscriptions, revoked and unknown licences, and for years that make no sense', async () => {
    const subscription = await world.issue();
    expect((await preview(subscription.licenseId)).body).toMatchObject({ code: 'NOT_PERPETUAL', num: 131 });
    expect((await extend(subscription.licenseId, 1)).body.code).toBe('NOT_PERPETUAL');
    const licence = await buy('BY_DATE');
    for (const years of [0, 11, 1.5]) expect((await extend(licence.licenseId, years)).status).toBe(400);
    for (const years of ['0', 'x', '11', '']) expect((await preview(licence.licenseId, years)).status).toBe(400);
    const keyless = await world.admin('POST', `/licenses/${licence.licenseId}/extend`, { years: 1 });
    expect(keyless.status).toBe(400);
    await world.admin('POST', `/licenses/${licence.licenseId}/revoke`, { reason: 'test' });
    expect((await extend(licence.licenseId, 1)).body.code).toBe('LICENSE_REVOKED');
    expect((await extend('lic_0123456789abcdef', 1)).body.code).toBe('SUBSCRIPTION_NOT_FOUND');
  });
});
