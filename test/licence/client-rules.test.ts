import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLicenceClient } from '../../src/licence/client/client.ts';
import { licenceExitCode, licenceExitCodes } from '../../src/licence/client/exit-codes.ts';
import { hasRoom, isReadOnly } from '../../src/licence/client/gate.ts';
import { countStart, intervalDelay, retryDelay, startDelay } from '../../src/licence/client/schedule.ts';
import { LicenceClientError, type LicenceClientOptions } from '../../src/licence/client/types.ts';
import { createFakeServer } from './support/fake-server.ts';
import { standingClock, startNodes, until } from './support/node.ts';

const minute = 60_000;
let nodes: Awaited<ReturnType<typeof startNodes>>;
let server: ReturnType<typeof createFakeServer>;
beforeAll(async () => {
  nodes = await startNodes(() => server.fetch);
});
afterAll(() => nodes.stop());
beforeEach(() => {
  server = createFakeServer();
});

/** A seeded random number generator, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('L51: 10,000 nodes come back after an outage', () => {
  const limits = { firstMs: 30_000, maxMs: 600_000, intervalMs: 3_600_000, retryAfterMs: 0 };

  /** When each node first checks after the server is back, ms after that moment. */
  function returns(outageMs: number, firstFailure: (random: () => number) => number, retryAfterMs = 0): number[] {
    const random = seeded(51);
    return Array.from({ length: 10_000 }, () => {
      let at = firstFailure(random);
      for (let failures = 1; at < outageMs; failures += 1) {
        at += retryDelay(failures, { ...limits, retryAfterMs }, random());
      }
      return at - outageMs;
    });
  }
  const mostInASecond = (times: number[]) => {
    const counts = new Map<number, number>();
    for (const time of times) counts.set(Math.floor(time / 1000), (counts.get(Math.floor(time / 1000)) ?? 0) + 1);
    return Math.max(...counts.values());
  };

  test('all within ten minutes, and never more than 50 in one second', () => {
    const times = returns(2 * 60 * minute, (random) => random() * 60 * minute);
    expect(Math.max(...times)).toBeLessThanOrEqual(10 * minute);
    expect(mostInASecond(times)).toBeLessThanOrEqual(50);
  });

  test('also when all of them failed in the same second, as after a cut of power', () => {
    const times = returns(2 * 60 * minute, (random) => random() * 1000);
    expect(mostInASecond(times)).toBeLessThanOrEqual(50);
  });

  test('and when the server asked all of them to come back in ten minutes', () => {
    const times = returns(minute, (random) => random() * 1000, 10 * minute);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(9 * minute);
    expect(mostInASecond(times)).toBeLessThanOrEqual(120);
  });

  test('their next regular checks are spread over the jitter of the interval', () => {
    const random = seeded(7);
    const next = Array.from({ length: 10_000 }, () => intervalDelay(3_600_000, 10, random()));
    expect(Math.max(...next) - Math.min(...next)).toBeGreaterThan(700_000);
    expect(mostInASecond(next)).toBeLessThanOrEqual(40);
  });

  test('none of them locks meanwhile: every wait is far shorter than the grace period', () => {
    const random = seeded(9);
    for (let failures = 1; failures < 200; failures += 1) {
      for (const retryAfterMs of [0, 5000, 3_600_000, 1e12]) {
        expect(retryDelay(failures, { ...limits, retryAfterMs }, random())).toBeLessThanOrEqual(75 * minute);
      }
    }
  });
});

describe('a loop of restarts', () => {
  const limits = { firstMs: 30_000, maxMs: 600_000, intervalMs: 3_600_000, retryAfterMs: 0 };

  test('five starts in ten minutes ask at once, from then on later and later, to once in ten minutes', () => {
    let starts: number[] = [];
    let attemptedAt = 0;
    const asked: number[] = [];
    for (let now = 1_000_000; now < 1_000_000 + 60 * minute; now += 2000) {
      starts = countStart(starts, now);
      if (startDelay({ starts, attemptedAt }, limits, { now, random: 1 }) > 0) continue;
      attemptedAt = now;
      asked.push(now);
    }
    expect(asked.slice(0, 5).map((at) => at - 1_000_000)).toEqual([0, 2000, 4000, 6000, 8000]);
    expect(asked.length).toBeLessThanOrEqual(15);
    expect((asked.at(-1) as number) - (asked.at(-2) as number)).toBeGreaterThanOrEqual(10 * minute);
    expect(starts.length).toBeLessThanOrEqual(20);
  });

  test('is over after ten quiet minutes, and a clock that jumped holds nobody up for long', () => {
    const starts = Array.from({ length: 20 }, (_, i) => i * 1000);
    expect(countStart(starts, 11 * minute)).toEqual([11 * minute]);
    const looping = countStart(starts, 20_000);
    expect(startDelay({ starts: looping, attemptedAt: 1e15 }, limits, { now: 20_000, random: 1 })).toBe(600_000);
  });

  test('leaves the server alone while the node runs on its last verdict', async () => {
    const stateFile = nodes.newStateFile();
    const time = standingClock();
    const options = { stateFile, enrollmentToken: 'a-token', clock: time.clock };
    for (let start = 1; start <= 5; start += 1) {
      const client = nodes.client(options);
      await client.start();
      await client.stop();
      time.advance(1000);
    }
    const before = server.requests.length;
    expect(before).toBeGreaterThanOrEqual(5);
    for (let start = 6; start <= 15; start += 1) {
      const client = nodes.client(options);
      await client.start();
      expect(client.status()).toMatchObject({ state: 'OK', effect: 'none' });
      await client.stop();
      time.advance(1000);
    }
    expect(server.requests).toHaveLength(before);
    const last = nodes.client(options);
    await last.start();
    time.advance(10 * minute);
    await until('the check that was put off', () => server.requests.length > before);
  });

  test('hammers no server either that was never reached', async () => {
    const options = { stateFile: nodes.newStateFile(), enrollmentToken: 'a-token', clock: standingClock().clock };
    server.instead = () => Promise.reject(new TypeError('fetch failed'));
    for (let start = 1; start <= 30; start += 1) {
      const client = nodes.client(options);
      await client.start();
      await client.stop();
    }
    expect(server.requests.length).toBeLessThanOrEqual(5);
  });
});

describe('enforcement of a lock', () => {
  test.each(['warn', 'readonly', 'stop'] as const)('`%s` is what the plan says', async (enforcement) => {
    const chk = { intervalSec: 3600, graceSec: 86_400, jitterPct: 10, enforcement };
    server.sign = (asked) => server.signed(asked, { chk });
    const time = standingClock();
    const client = nodes.client({ stateFile: nodes.newStateFile(), enrollmentToken: 'a-token', clock: time.clock });
    let stops = 0;
    client.onStop(() => {
      stops += 1;
    });
    await client.start();
    expect((await client.check()).effect).toBe('none');
    server.instead = () => Promise.reject(new TypeError('fetch failed'));
    await client.check();
    time.advance(24.1 * 60 * minute);
    expect(client.status()).toMatchObject({ state: 'LOCKED', effect: enforcement });
    expect(isReadOnly(client.status())).toBe(enforcement !== 'warn');
    if (enforcement === 'stop') await until('told to stop', () => stops === 1);
    await client.check();
    expect(stops).toBe(enforcement === 'stop' ? 1 : 0);
  });

  test('a lock that was lifted meanwhile stops nobody', async () => {
    const chk = { intervalSec: 3600, graceSec: 86_400, jitterPct: 10, enforcement: 'stop' };
    const time = standingClock();
    server.sign = (asked) => {
      const iat = Math.floor(time.clock.now() / 1000);
      return server.signed(asked, { chk, iat, exp: iat + 86_400 });
    };
    const client = nodes.client({ stateFile: nodes.newStateFile(), enrollmentToken: 'a-token', clock: time.clock });
    let stops = 0;
    client.onStop(() => {
      stops += 1;
    });
    await client.start();
    await client.check();
    server.instead = () => Promise.reject(new TypeError('fetch failed'));
    await client.check();
    server.instead = null;
    time.advance(24.1 * 60 * minute);
    await until('unlocked by the check that confirms', () => client.status().state === 'OK');
    expect(stops).toBe(0);
  });
});

describe('L38: the gate of the product', () => {
  const limits = { plugins: 2, users: null, brands: 0 };
  test.each([
    ['plugins', 1, true],
    ['plugins', 2, false],
    ['plugins', 3, false],
    ['users', 1_000_000, true],
    ['brands', 0, false],
    ['devices', 1_000_000, true],
    ['constructor', 5, true],
  ])('%s with %i in use: %s', (name, used, fits) => {
    expect(hasRoom({ limits }, name, used)).toBe(fits);
  });
});

describe('options', () => {
  const good: LicenceClientOptions = {
    ...{ serverUrl: 'https://licence.example.org', stateFile: '/tmp/licence.json', product: 'p', version: '1' },
    node: { name: 'n1' },
  };

  test.each<[string, Partial<Record<keyof LicenceClientOptions, unknown>>]>([
    ['serverUrl', { serverUrl: 'licence.example.org' }],
    ['serverUrl', { serverUrl: 'file:///etc/passwd' }],
    ['stateFile', { stateFile: '' }],
    ['node.name', { node: { name: 'x'.repeat(200) } }],
    ['proxy', { proxy: 'proxy.example.org:3128' }],
    ['ca', { ca: '/etc/ca.pem' }],
    ['retryFirstMs', { retryFirstMs: 0 }],
  ])('%s that cannot work is named, its value is not', (name, wrong) => {
    const create = () => createLicenceClient({ ...good, licenseKey: 'FH-SECRET', ...wrong } as LicenceClientOptions);
    expect(create).toThrow(`These licence options are missing or invalid: ${name}.`);
    let code = 0;
    try {
      create();
    } catch (error) {
      code = licenceExitCode(error);
      expect(String(error)).not.toContain('FH-SECRET');
    }
    expect(code).toBe(licenceExitCodes.misconfigured);
  });

  test('each exit code means one thing, and none what a shell or Node means', () => {
    const codes = Object.values(licenceExitCodes);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every((code) => code > 13 && code < 126)).toBe(true);
    expect(licenceExitCode(new LicenceClientError('STATE_IN_USE', ''))).toBe(75);
    expect(licenceExitCode(new Error('something else'))).toBe(1);
  });
});
