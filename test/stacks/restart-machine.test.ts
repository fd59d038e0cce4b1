import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { doublesEnvironment } from '../../emulators/clouds/environment.ts';
import { cloudStacks } from '../../src/stacks/clouds.ts';
import { type DoubledCloud, type DoubledMachine, makeDoubledMachine, regionOf } from '../support/doubled-machine.ts';
import { isRunning, startCloud, type TestCloud } from '../support/small-cloud.ts';
import { until } from '../support/until.ts';

/** A restart by the clouds' own interfaces, as their doubles have them, whose machines are real processes. */

let cloud: TestCloud;
const former = { ...process.env };
beforeAll(async () => {
  cloud = await startCloud();
  // The official clients look for endpoint and credentials here, and nowhere else.
  Object.assign(process.env, doublesEnvironment({ cloudUrl: cloud.url, path: former.PATH ?? '', cacheFolder: '' }));
  Object.assign(process.env, { LOCAL_CLOUD_URL: cloud.url, LOCAL_CLOUD_TOKEN: cloud.token });
}, 30_000);
afterAll(async () => {
  process.env = former;
  await cloud?.stop();
}, 30_000);

const signal = () => new AbortController().signal;

describe.each(['aws', 'digitalocean', 'gcp', 'azure'] as const)('a machine on %s', (at: DoubledCloud) => {
  let machine: DoubledMachine;
  const restart = async (how: Partial<{ serverId: string; signal: AbortSignal }> = {}) =>
    (await cloudStacks(at)).restartMachine(
      { serverId: machine.id, region: regionOf[at], signal: signal(), ...how },
      process.env,
    );

  beforeAll(async () => {
    machine = await makeDoubledMachine(cloud, at);
  }, 30_000);
  afterEach(async () => {
    await cloud.call('DELETE', `/v1/doubles/${at}/faults`);
  });

  test('is the same one after its restart, with another process on the same volume, and nothing else at the cloud', async () => {
    const before = (await machine.booted(1))!;
    const objects = await machine.objects();
    const { downWithinMs } = await restart();
    // EC2 alone takes the order and does not tell when it is carried out.
    expect(downWithinMs > 0).toBe(at === 'aws');
    const after = (await machine.booted(2))!;
    expect(after.pid).not.toBe(before.pid);
    await until(() => !isRunning(before.pid));
    expect(await machine.objects()).toEqual(objects);
  });

  test('that is off is turned on', async () => {
    const { boots } = (await machine.health())!;
    await machine.power('off');
    expect(await machine.health()).toBeNull();
    expect(await restart()).toEqual({ downWithinMs: 0 });
    await machine.booted(boots + 1);
  });

  test('takes two restarts at the same time', async () => {
    const { boots } = (await machine.health())!;
    await Promise.all([restart(), restart()]);
    await until(async () => ((await machine.health())?.boots ?? 0) > boots);
  });

  test('is restarted once more at worst where the answer is lost', async () => {
    const { boots } = (await machine.health())!;
    await machine.fault({ fault: 'lose-reply' });
    const tried = await restart().catch((error: { code: string }) => error.code);
    // Google's request id, DigitalOcean's action and a client that repeats by itself tell the one from the other.
    if (typeof tried === 'string') {
      expect(tried).toBe('cloud_unavailable');
      await restart();
    }
    const after = await until(async () => {
      const health = await machine.health();
      return health && health.boots > boots ? health : null;
    });
    if (at === 'gcp' || at === 'digitalocean') expect(after.boots).toBe(boots + 1);
    else expect(after.boots).toBeLessThanOrEqual(boots + 2);
  });

  test.each([
    ['throttled', 'cloud_rate_limited'],
    ['denied', 'cloud_permission_missing'],
    ['expired', 'cloud_credentials_expired'],
  ])('is not restarted where the cloud says %s', async (fault, code) => {
    // The client of AWS tries some refusals again by itself.
    await machine.fault({ fault, times: 9 });
    await expect(restart()).rejects.toMatchObject({ code });
  });

  test('is waited for no longer than its caller wants', async () => {
    const aborted = AbortSignal.abort();
    const outcome = await restart({ signal: aborted }).then(
      () => 'taken',
      ({ name }: Error) => name,
    );
    // A reboot at EC2 has nothing to wait for.
    expect(outcome).toBe(at === 'aws' ? 'taken' : 'AbortError');
  });

  test('that is gone is told as gone', async () => {
    await machine.power('on');
    await machine.remove();
    await expect(restart()).rejects.toMatchObject({ code: 'host_gone' });
  });
});

test('a host of the small cloud is the same one after its restart, and one that is gone is told as gone', async () => {
  const tags = { 'freehold:instance': 'i0000000000000001' };
  const place = { region: 'home', zone: 'home-a', tags };
  const volume = await cloud.client.create('volumes', { ...place, name: 'one', sizeGib: 5, token: 'volume-one' });
  const address = await cloud.client.create('addresses', { name: 'one', region: 'home', tags, token: 'address-one' });
  const userData = JSON.stringify({ instanceId: 'i0000000000000001', productVersion: '1.0.0' });
  const machine = {
    ...place,
    name: 'one',
    size: 'local-1',
    image: 'freehold-server:1.0.0',
    userData,
    token: 'host-one',
  };
  const host = await cloud.client.create('hosts', { ...machine, volumeId: volume.id, addressId: address.id });
  const health = async () => {
    const response = await fetch(`http://${address.address}/healthz`).catch(() => null);
    return response ? ((await response.json()) as { boots: number; pid: number }) : null;
  };
  expect(await until(health)).toMatchObject({ boots: 1, pid: host.pid });
  const { restartMachine } = await cloudStacks('local');
  const request = { serverId: host.id, region: 'home', signal: signal() };
  await cloud.faults({ restartHost: 'lose-reply' });
  expect(await restartMachine(request, process.env)).toEqual({ downWithinMs: 0 });
  const after = (await cloud.client.get('hosts', host.id))!;
  expect({ ...after, pid: null }).toEqual({ ...host, pid: null });
  expect(after.pid).not.toBe(host.pid);
  // The lost answer made the client repeat the call, and not the restart.
  expect(await until(health)).toMatchObject({ boots: 2, pid: after.pid });
  await cloud.client.remove('hosts', host.id);
  await expect(restartMachine(request, process.env)).rejects.toMatchObject({ code: 'host_gone' });
});
