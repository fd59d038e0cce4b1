import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCheckLimit, createFailureLimit } from '../../src/licence/server/guards/rate-limits.ts';
import { Refusal } from '../../src/licence/server/refusal.ts';
import { type LicenceWorld, product, type Reply, startLicenceWorld } from './support/licence-server.ts';

const hour = 3_600_000;

/** The contents of a rate limit refusal: how long to wait, and which limit it was. */
const reported = ({ status, headers }: Reply<unknown>) => ({
  status,
  retryAfter: Number(headers.get('Retry-After')),
  policy: headers.get('RateLimit-Policy'),
  limit: headers.get('RateLimit'),
});

describe('limits at their defaults', () => {
  let world: LicenceWorld;
  beforeAll(async () => {
    world = await startLicenceWorld({});
  });
  afterAll(() => world.stop());

  async function laterBy(ms: number): Promise<void> {
    await world.server().kill('SIGTERM');
    await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(ms) });
  }

  test('L33: twenty random secrets from one address end in 429, the real node is still answered', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    const replies = [];
    for (let guess = 0; guess < 20; guess += 1) {
      replies.push(await world.check(body.instanceId, { secret: randomBytes(32).toString('base64url') }));
    }
    expect(replies.map(({ status }) => status)).toEqual([...Array(10).fill(401), ...Array(10).fill(429)]);
    const refused = reported(replies[19]!);
    expect(refused).toMatchObject({ policy: '10;w=60', limit: `limit=10, remaining=0, reset=${refused.retryAfter}` });
    expect(refused.retryAfter).toBeGreaterThan(880);
    expect(refused.retryAfter).toBeLessThanOrEqual(900);
    expect((await world.check(body.instanceId, { secret: body.secret })).status).toBe(200);
  });

  test('unknown keys: ten a minute, then 429; a right key from the same address still works', async () => {
    await laterBy(0);
    const licence = await world.issue();
    const guesses = [];
    for (let guess = 0; guess < 12; guess += 1) guesses.push(await world.activate('FH-WRONG'));
    expect(guesses.map(({ status }) => status)).toEqual([...Array(10).fill(401), 429, 429]);
    const { body, status } = await world.activate(licence.licenseKey);
    expect(status).toBe(201);
    expect((await world.check(body.instanceId, { secret: body.secret })).status).toBe(200);
  });

  test('wrong keys from two hundred addresses of one IPv6 /64 are those of one client; the next /64 is another', async () => {
    await laterBy(0);
    const wrong = {
      activationId: 'a-node-that-guesses',
      product,
      version: '1.0.0',
      node: { name: 'guess' },
      bootId: 'boot-1',
    };
    const guess = (address: string) =>
      world.call('POST', '/v1/activations', { licenseKey: 'FH-WRONG', ...wrong }, { 'X-Forwarded-For': address });
    const statuses = [];
    for (let host = 1; host <= 200; host += 1)
      statuses.push((await guess(`2001:db8:5:6::${host.toString(16)}`)).status);
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(190).fill(429)]);
    expect((await guess('2001:db8:5:7::1')).status).toBe(401);
  });

  test('one node checks five times at once, then twelve times a minute', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    let { secret } = body;
    for (let round = 0; round < 5; round += 1) {
      const reply = await world.check(body.instanceId, { secret });
      expect(reply.status).toBe(200);
      secret = reply.body.secret;
    }
    const refused = reported(await world.check(body.instanceId, { secret }));
    // One check becomes available every five seconds; the five before this one have used up some.
    const { retryAfter } = refused;
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(5);
    const limit = `limit=12, remaining=0, reset=${retryAfter}`;
    expect(refused).toEqual({ status: 429, retryAfter, policy: '12;w=60', limit });
  });

  test('one licence wins twenty activations an hour beyond its seats; repeats and refusals do not count', async () => {
    const licence = await world.issue();
    const replies = [];
    let again = 0;
    for (let round = 0; round < 22; round += 1) {
      const same = { activationId: `node-${round}-${licence.licenseId}`, node: { name: `n${round}` } };
      const won = await world.activate(licence.licenseKey, same);
      replies.push(won);
      if (won.status !== 201) break;
      if ((await world.activate(licence.licenseKey, same)).status === 200) again += 1;
      expect((await world.activate(licence.licenseKey)).body.code).toMatch(/CAPACITY_EXCEEDED|RATE_LIMITED/);
      await world.call('POST', `/v1/instances/${won.body.instanceId}/release`, { secret: won.body.secret });
    }
    expect(replies.map(({ status }) => status)).toEqual([...Array(21).fill(201), 429]);
    expect(again).toBe(21);
    expect(reported(replies[21]!)).toMatchObject({ retryAfter: 600, policy: '21;w=3600' });
    await laterBy(hour + 1000);
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
  });

  test('an administrator ends twenty nodes of one licence an hour; nodes give back their own seats as they like', async () => {
    await laterBy(0);
    const licence = await world.issue({ seats: 25 });
    const nodes = [];
    for (let index = 0; index < 22; index += 1) nodes.push((await world.activate(licence.licenseKey)).body);
    const deactivate = (id: string) => world.admin('POST', `/instances/${id}/deactivate`);
    const ended = [];
    for (const { instanceId } of nodes.slice(0, 21)) ended.push(await deactivate(instanceId));
    expect(ended.map(({ status }) => status)).toEqual([...Array(20).fill(200), 429]);
    expect(reported(ended[20]!)).toMatchObject({ retryAfter: 600, policy: '20;w=3600' });
    // The same one again does not count.
    expect((await deactivate(nodes[0]!.instanceId)).status).toBe(200);
    const own = nodes[21]!;
    const released = await world.call('POST', `/v1/instances/${own.instanceId}/release`, { secret: own.secret });
    expect(released.status).toBe(204);
    const other = await world.issue();
    const { body } = await world.activate(other.licenseKey);
    expect((await deactivate(body.instanceId)).status).toBe(200);
    await laterBy(hour + 1000);
    expect((await deactivate(nodes[20]!.instanceId)).status).toBe(200);
  });

  test('one address asks two hundred times in ten seconds', async () => {
    await laterBy(0);
    const replies = await Promise.all(
      Array.from({ length: 230 }, () => world.call('POST', '/v1/licenses/validate', {})),
    );
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(30);
    const refused = reported(replies.find(({ status }) => status === 429)!);
    expect(refused).toMatchObject({ retryAfter: 10, policy: '200;w=10' });
    expect(refused.limit).toContain('limit=200, remaining=0');
    expect((await world.call('GET', '/health/ready')).status).toBe(200);
  });

  test('a body of 16 kB is read, a larger one is refused unread', async () => {
    await laterBy(0);
    const ofLength = (bytes: number) => {
      const frame = JSON.stringify({ licenseKey: '' }).length;
      return JSON.stringify({ licenseKey: 'x'.repeat(bytes - frame) });
    };
    const fits = await world.call('POST', '/v1/licenses/validate', ofLength(16 * 1024));
    const tooLarge = await world.call('POST', '/v1/licenses/validate', ofLength(16 * 1024 + 1));
    expect([fits.status, tooLarge.status, tooLarge.body.code]).toEqual([400, 413, 'BODY_TOO_LARGE']);
  });
});

describe('limits in simulated time', () => {
  const minute = 60_000;
  let now = 0;
  const clock = () => now;
  const at = (ms: number) => {
    now = ms;
  };

  test('an address is blocked for 15 minutes after its eleventh failure within a minute, and then free', () => {
    const limit = createFailureLimit({ failuresPerMinute: 10, failureBlockMs: 15 * minute }, clock);
    const fail = (address = '192.0.2.1') => limit.failed(address, new Refusal('INVALID_LICENSE_SECRET')).code;
    at(0);
    for (let guess = 0; guess < 10; guess += 1) expect(fail()).toBe('INVALID_LICENSE_SECRET');
    expect(fail()).toBe('RATE_LIMITED');
    expect(fail('192.0.2.2')).toBe('INVALID_LICENSE_SECRET');
    at(15 * minute - 1);
    expect(fail()).toBe('RATE_LIMITED');
    at(15 * minute);
    expect(fail()).toBe('INVALID_LICENSE_SECRET');
  });

  test('ten failures a minute for ever are never blocked', () => {
    const limit = createFailureLimit({ failuresPerMinute: 10, failureBlockMs: 15 * minute }, clock);
    for (let guess = 0; guess < 1000; guess += 1) {
      at(guess * 6001);
      expect(limit.failed('192.0.2.1', new Refusal('INVALID_SECRET')).code).toBe('INVALID_SECRET');
    }
  });

  test('a node that checks every five seconds is never refused, one every four seconds is', () => {
    const limit = createCheckLimit({ checksPerMinute: 12, checkBurst: 5 }, clock);
    const refused = (everyMs: number, id: string) => {
      let count = 0;
      for (let round = 0; round < 100; round += 1) {
        at(round * everyMs);
        try {
          limit.take(id);
        } catch (error) {
          expect((error as Refusal).code).toBe('RATE_LIMITED');
          count += 1;
        }
      }
      return count;
    };
    expect(refused(5000, 'steady')).toBe(0);
    expect(refused(4000, 'hasty')).toBeGreaterThan(10);
  });
});
