import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { nextTry, retryAfterMs } from '../../src/licence/server/events/retry-rules.ts';
import { isPublicAddress } from '../../src/licence/server/events/safe-address.ts';
import { readSettings } from '../../src/licence/server/settings.ts';
import { until } from '../support/until.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { startWithTurnedClock } from './support/turned-clock.ts';

const settings = readSettings({
  LICENCE_MONGODB_URI: 'mongodb://127.0.0.1/none',
  LICENCE_ADMIN_TOKEN: 'an-administrator-token',
  LICENCE_KEYS_FILE: '/nowhere',
});
const [second, hour, day] = [1000, 3_600_000, 86_400_000];

describe('a delivery that fails', () => {
  test('waits twice as long each time, up to 6 hours, and a little less so that not all come at once', () => {
    const delays = (random: number) =>
      Array.from({ length: 13 }, (_, tries) =>
        nextTry({ attempts: tries + 1, since: 0 }, { now: 0, random }, settings),
      );
    expect(delays(1).slice(0, 4)).toEqual([10, 20, 40, 80].map((seconds) => seconds * second));
    expect(delays(1).at(-1)).toBe(6 * hour);
    expect(delays(0)).toEqual(delays(1).map((delay) => (delay as number) * 0.75));
  });

  test('is given up when its next try would come more than three days after the first', () => {
    const at = (now: number) => nextTry({ attempts: 20, since: 0 }, { now, random: 1 }, settings);
    expect(at(3 * day - 6 * hour)).toBe(3 * day);
    expect(at(3 * day - 6 * hour + 1)).toBeNull();
    let [now, tries] = [0, 0];
    for (let next: number | null = 0; next !== null; tries += 1) {
      now = next;
      next = nextTry({ attempts: tries + 1, since: 0 }, { now, random: 0.5 }, settings);
    }
    expect(now).toBeGreaterThan(2.7 * day);
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(32);
  });

  test('waits as long as the endpoint asks, but no longer than the longest wait', () => {
    const asked = (ms: number) => nextTry({ attempts: 1, since: 0 }, { now: 0, random: 0, retryAfterMs: ms }, settings);
    expect(asked(60 * second)).toBe(60 * second);
    expect(asked(second)).toBe(7.5 * second);
    expect(asked(day)).toBe(6 * hour);
    expect([retryAfterMs('120', 0), retryAfterMs(new Date(5000).toUTCString(), 0)]).toEqual([120_000, 5000]);
    for (const none of [null, '', 'soon', '-1', '0']) expect(retryAfterMs(none, 0)).toBeUndefined();
  });
});

test.each([
  ['93.184.216.34', true],
  ['2606:4700::1111', true],
  ['127.0.0.1', false],
  ['10.0.0.1', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['100.64.0.1', false],
  ['0.0.0.0', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['198.18.0.1', false],
  ['::', false],
  ['::1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['::ffff:10.0.0.1', false],
  ['64:ff9b::a00:1', false],
  ['::7f00:1', false],
  ['::808:808', false],
  ['100:0:0:1::1', false],
  ['2606:4700::1', true],
  ['2002:a00:1::', false],
  ['example.org', false],
])('the address %s is public: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

describe('what time brings', () => {
  let world: LicenceWorld;
  let database: Connection;
  let turnTo: (ms: number) => Promise<void>;

  beforeAll(async () => {
    world = await startLicenceWorld({
      LICENCE_REQUESTS_PER_10S: '100000',
      LICENCE_CHECK_BURST: '1000',
      LICENCE_SWEEP_MS: '30',
      LICENCE_RELAY_MS: '20',
    });
    database = await createConnection(world.database.uri).asPromise();
    // Two servers sweep, and still each event is recorded once.
    ({ turnTo } = await startWithTurnedClock(world, 2));
  });
  afterAll(async () => {
    await database?.close();
    await world?.stop();
  });

  const reported = async (licenceId: string) =>
    (await database.collection('events').find({ licenceId }).sort({ at: 1 }).toArray()) as unknown as {
      type: string;
      at: Date;
      details: Record<string, string>;
    }[];
  const typesOf = async (licenceId: string) =>
    (await reported(licenceId)).map(({ type }) => type).filter((type) => !/created|activated|claimed|first/.test(type));
  const untilTold = (licenceId: string, types: string[]) =>
    until(async () => (await typesOf(licenceId)).length >= types.length, { what: `${types} are told` }).then(async () =>
      expect(await typesOf(licenceId)).toEqual(types),
    );
  /** A licence cancelled just now: its event shows that the sweeps have come this far. */
  const swept = async (ahead: number) => {
    const endsAt = new Date(Date.now() + ahead + day).toISOString();
    const { licenseId } = await world.issue({
      standing: { standing: 'current', revision: 1, paidUntil: null, endsAt },
    });
    await untilTold(licenseId, ['license.expiring-soon']);
  };

  test('the end of a cancelled licence is told two weeks before and when it comes, each once', async () => {
    const start = Date.now();
    const endsAt = new Date(start + 20 * day).toISOString();
    const { licenseId } = await world.issue({
      standing: { standing: 'current', revision: 1, paidUntil: null, endsAt },
    });
    await turnTo(5.9 * day);
    await swept(5.9 * day);
    expect(await typesOf(licenseId)).toEqual([]);
    await turnTo(6.1 * day);
    await untilTold(licenseId, ['license.expiring-soon']);
    expect((await reported(licenseId)).at(-1)?.details).toMatchObject({ endsAt });
    await turnTo(20.1 * day);
    await untilTold(licenseId, ['license.expiring-soon', 'license.expired']);
    await swept(20.1 * day);
    expect(await typesOf(licenseId)).toEqual(['license.expiring-soon', 'license.expired']);

    // Paid after all, and cancelled to another day: that end is announced again.
    const push = (revision: number, end: string | null) =>
      world.admin('POST', `/licenses/${licenseId}/standing`, { revision, standing: 'current', endsAt: end });
    await push(2, null);
    await push(3, new Date(start + 30 * day).toISOString());
    await untilTold(licenseId, [
      'license.expiring-soon',
      'license.expired',
      'license.reinstated',
      'license.expiring-soon',
    ]);
    await turnTo(0);
  });

  test('the end of the updates of a perpetual licence is told two weeks before, once for each end', async () => {
    const start = Date.now();
    await world.putPlan('FOREVER', { perpetual: {} });
    // A year of updates that ends 20 days from now.
    const lastDay = new Date(start + 20 * day);
    const from = new Date(Date.UTC(lastDay.getUTCFullYear() - 1, lastDay.getUTCMonth(), lastDay.getUTCDate()));
    const perpetual = {
      updatesFrom: from.toISOString().slice(0, 10),
      years: 1,
      price: { amount: 100_000, currency: 'EUR' },
    };
    const { licenseId } = await world.issue({ plan: 'FOREVER', perpetual });
    const updatesUntil = (await world.view(licenseId)).perpetual?.updatesUntil;
    await turnTo(4.9 * day);
    await swept(4.9 * day);
    expect(await typesOf(licenseId)).toEqual([]);
    await turnTo(7.1 * day);
    await untilTold(licenseId, ['license.expiring-soon']);
    expect((await reported(licenseId)).at(-1)?.details).toEqual({ updatesUntil, plan: 'FOREVER' });
    await turnTo(25 * day);
    await swept(25 * day);
    expect(await typesOf(licenseId)).toEqual(['license.expiring-soon']);

    await world.admin('POST', `/licenses/${licenseId}/extend`, { years: 1 }, { 'Idempotency-Key': 'one-more-year' });
    const renewedUntil = (await world.view(licenseId)).perpetual?.updatesUntil;
    expect(renewedUntil).not.toBe(updatesUntil);
    await turnTo(380 * day);
    const isReported = async () =>
      (await reported(licenseId)).some(
        ({ type, details }) => type === 'license.expiring-soon' && details.updatesUntil === renewedUntil,
      );
    await until(isReported, { what: 'the end of the renewed updates is told' });
    await turnTo(0);
  }, 60_000);

  test('a node that is silent is told after three checks, as at risk after three quarters of its grace, and when it is back', async () => {
    const start = Date.now();
    const { licenseId, licenseKey } = await world.issue({ seats: 2 });
    const silent = (await world.activate(licenseKey, { node: { name: 'silent' } })).body;
    const alive = (await world.activate(licenseKey, { node: { name: 'alive' } })).body;
    const first = await world.check(silent.instanceId, { secret: silent.secret });
    let secret = alive.secret;
    const checkAlive = async () => {
      secret = (await world.check(alive.instanceId, { secret })).body.secret;
    };
    await turnTo(3 * hour);
    await checkAlive();
    await swept(3 * hour);
    expect(await typesOf(licenseId)).toEqual([]);
    await turnTo(3.5 * hour);
    await untilTold(licenseId, ['instance.silent']);
    await turnTo(6 * hour);
    await checkAlive();
    await swept(6 * hour);
    for (const at of [9, 12, 15, 17.9].map((hours) => hours * hour)) {
      await turnTo(at);
      await checkAlive();
      await swept(at);
    }
    expect(await typesOf(licenseId)).toEqual(['instance.silent']);
    await turnTo(18.1 * hour);
    await untilTold(licenseId, ['instance.silent', 'instance.grace-risk']);
    const risk = (await reported(licenseId)).at(-1)?.details;
    expect(risk).toMatchObject({ node: 'silent' });
    expect(Math.abs(Date.parse(String(risk?.locksAt)) - start - 24 * hour)).toBeLessThan(60 * second);
    await world.check(silent.instanceId, { secret: first.body.secret });
    await untilTold(licenseId, ['instance.silent', 'instance.grace-risk', 'instance.back']);
    await turnTo(0);
  }, 120_000);

  test('nodes of a suspended licence are refused, not silent', async () => {
    const { licenseId, licenseKey } = await world.issue();
    const node = (await world.activate(licenseKey)).body;
    await world.admin('POST', `/licenses/${licenseId}/standing`, { revision: 2, standing: 'suspended' });
    for (const at of [4, 8].map((hours) => hours * hour)) {
      await turnTo(at);
      expect((await world.check(node.instanceId, { secret: node.secret })).status).toBe(403);
      await swept(at);
    }
    await world.admin('POST', `/licenses/${licenseId}/standing`, { revision: 3, standing: 'current' });
    await turnTo(9 * hour);
    await swept(9 * hour);
    expect(await typesOf(licenseId)).toEqual(['license.suspended', 'license.reinstated']);
    await turnTo(0);
  });

  test('old events are forgotten after 30 days', async () => {
    const { licenseId } = await world.issue();
    await until(async () => (await reported(licenseId)).length === 2, { what: 'its events stand' });
    await turnTo(29 * day);
    await swept(29 * day);
    expect(await reported(licenseId)).toHaveLength(2);
    await turnTo(31 * day);
    await until(async () => (await reported(licenseId)).length === 0, { what: 'its events are forgotten' });
    await turnTo(0);
  });
});
