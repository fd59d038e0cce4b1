import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isRunning, kill, startCloud, type TestCloud, zone } from '../../support/small-cloud.ts';
import { until } from '../../support/until.ts';

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(async () => {
  await cloud.stop();
});

const instance = 'i0000000000000001';
const tags = { 'freehold:instance': instance };
const place = { region: 'home', zone: 'home-a' };
const userData = JSON.stringify({ instanceId: instance, productVersion: '1.0.0' });
const machine = { ...place, size: 'local-1', image: 'freehold-server:1.0.0', userData, tags };

const rentVolume = (name = 'one') =>
  cloud.client.create('volumes', { name, ...place, sizeGib: 5, tags, token: `volume-${name}` });
const rentAddress = (name = 'one') =>
  cloud.client.create('addresses', { name, region: 'home', tags, token: `address-${name}` });

async function rentHost(name = 'one') {
  const [volume, address] = await Promise.all([rentVolume(name), rentAddress(name)]);
  const create = { ...machine, name, volumeId: volume.id, addressId: address.id, token: `hosting-${name}` };
  return { volume, address, create, host: await cloud.client.create('hosts', create) };
}

interface Health {
  boots: number;
  pid: number;
  env: Record<string, string>;
}
async function health(address: { address: string }): Promise<Health | null> {
  const response = await fetch(`http://${address.address}/healthz`).catch(() => null);
  return response ? ((await response.json()) as Health) : null;
}
const answering = (address: { address: string }) => until(() => health(address));
const stateOf = async (id: string) => (await cloud.client.get('hosts', id))?.state;

describe('what is rented', () => {
  test('answers a repeated create with the same object, and refuses the token for another', async () => {
    const first = await rentVolume();
    expect((await rentVolume()).id).toBe(first.id);
    const other = { name: 'two', ...place, sizeGib: 5, tags, token: 'volume-one' };
    await expect(cloud.client.create('volumes', other)).rejects.toMatchObject({ code: 'token_reused' });
    await cloud.client.remove('volumes', first.id);
    expect((await rentVolume()).id).not.toBe(first.id);
  });

  test('of many equal creates at the same time one object comes', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => rentAddress()));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await cloud.client.list('addresses')).toHaveLength(1);
  });

  test('is listed by tag', async () => {
    await rentVolume();
    const other = { name: 'two', ...place, sizeGib: 5, tags: { 'freehold:instance': 'other' }, token: 'volume-two' };
    await cloud.client.create('volumes', other);
    const found = await cloud.client.list('volumes', { tag: ['freehold:instance', instance] });
    expect(found.map(({ name }) => name)).toEqual(['one']);
  });

  test('is refused where the cloud does not offer it', async () => {
    const { volume, address, create } = await rentHost();
    const again = { ...create, name: 'two', token: 'hosting-two' };
    const refusal = (change: object) =>
      cloud.client.create('hosts', { ...again, ...change }).catch((error: { code: string }) => error.code);
    expect(await refusal({ region: 'moon' })).toBe('unknown_region');
    expect(await refusal({ zone: 'attic-a' })).toBe('unknown_zone');
    expect(await refusal({ size: 'huge' })).toBe('unknown_size');
    expect(await refusal({ region: 'attic', zone: 'attic-a', size: 'local-4' })).toBe('unknown_size');
    expect(await refusal({ image: 'freehold-server:9.9.9' })).toBe('unknown_image');
    expect(await refusal({ volumeId: volume.id })).toBe('in_use');
    const second = await rentVolume('two');
    expect(await refusal({ volumeId: second.id, addressId: address.id })).toBe('in_use');
    const elsewhere = { name: `a.${zone}.example`, address: address.address, ttl: 60, tags, token: 'record-away' };
    await expect(cloud.client.create('records', elsewhere)).rejects.toMatchObject({ code: 'invalid' });
    await expect(cloud.client.update('volumes', volume.id, { sizeGib: 1 })).rejects.toMatchObject({
      code: 'volume_shrinks',
    });
    await expect(cloud.client.remove('volumes', volume.id)).rejects.toMatchObject({ code: 'in_use' });
  });

  test('asks for the token', async () => {
    const response = await fetch(new URL('/v1/hosts', cloud.url), { headers: { authorization: 'Bearer wrong' } });
    expect(response.status).toBe(401);
  });

  test('needs a body that fits its schema', async () => {
    expect((await cloud.call('POST', '/v1/volumes', { name: 'one', sizeGib: 'much' })).status).toBe(400);
    expect((await cloud.call('POST', '/v1/volumes', { name: 'one', size: 5, extra: true })).status).toBe(400);
  });
});

describe('a host', () => {
  test('boots with its contract, its volume and its port, and knows nothing of the cloud', async () => {
    const { address, host } = await rentHost();
    expect(host.state).toBe('running');
    const { env, pid } = await answering(address);
    expect(pid).toBe(host.pid);
    const contract = env.FREEHOLD_HOST_CONTRACT!;
    expect(readFileSync(contract, 'utf8')).toBe(userData);
    expect(statSync(contract).mode & 0o777).toBe(0o600);
    expect(address.address).toBe(`127.0.0.1:${env.FREEHOLD_HOST_PORT}`);
    expect(Object.keys(env).filter((name) => name.startsWith('CLOUD_'))).toEqual([]);
    expect((await cloud.call('GET', `/v1/hosts/${host.id}/log`)).body).toContain(`boot of ${instance}`);
  });

  test('that dies is seen as failed and started again on the same volume', async () => {
    const { address, host } = await rentHost();
    await answering(address);
    kill(host.pid!);
    await until(async () => (await stateOf(host.id)) === 'failed');
    const after = await until(async () => ((await health(address))?.boots === 2 ? health(address) : null));
    expect(after?.pid).not.toBe(host.pid);
    expect(await cloud.client.get('hosts', host.id)).toMatchObject({ state: 'running', restarts: 1 });
  });

  test('that cannot boot shows as failed', async () => {
    const [volume, address] = await Promise.all([rentVolume(), rentAddress()]);
    const wish = { ...machine, image: 'freehold-server:0.0.1', name: 'one', token: 'hosting-one' };
    const host = await cloud.client.create('hosts', { ...wish, volumeId: volume.id, addressId: address.id });
    await until(async () => (await stateOf(host.id)) === 'failed');
  });

  test('is resized in place, stopped, started and deleted with its process', async () => {
    const { address, volume, host } = await rentHost();
    await answering(address);
    const resized = await cloud.client.update('hosts', host.id, { size: 'local-2' });
    expect(resized).toMatchObject({ id: host.id, size: 'local-2', state: 'running' });
    expect(isRunning(host.pid)).toBe(false);
    expect((await answering(address)).boots).toBe(2);

    expect(await cloud.client.stopHost(host.id)).toMatchObject({ state: 'stopped', pid: null });
    expect(await health(address)).toBeNull();
    const started = await cloud.client.startHost(host.id);
    expect((await answering(address)).boots).toBe(3);

    await cloud.client.remove('hosts', host.id);
    expect(isRunning(started.pid)).toBe(false);
    expect(await cloud.client.get('hosts', host.id)).toBeNull();
    await cloud.client.remove('volumes', volume.id);
    expect(existsSync(join(cloud.folder, 'data', 'volumes', volume.id))).toBe(false);
    await cloud.client.remove('addresses', address.id);
    await cloud.client.remove('addresses', address.id);
  });

  test('is restarted by a cut of its power, once for a token, with everything that it has', async () => {
    const { address, host } = await rentHost();
    await answering(address);
    const restarted = (await cloud.client.restartHost(host.id, 'token-of-one'))!;
    expect({ ...restarted, pid: null }).toEqual({ ...host, pid: null });
    expect(isRunning(host.pid)).toBe(false);
    expect(await answering(address)).toMatchObject({ boots: 2, pid: restarted.pid });
    expect((await cloud.client.restartHost(host.id, 'token-of-one'))?.pid).toBe(restarted.pid);
    await cloud.client.restartHost(host.id, 'token-of-two');
    expect((await answering(address)).boots).toBe(3);

    await cloud.client.stopHost(host.id);
    expect(await cloud.client.restartHost(host.id, 'token-of-three')).toMatchObject({ state: 'running' });
    expect((await answering(address)).boots).toBe(4);
    expect(await cloud.client.restartHost('host-none', 'token-of-four')).toBeNull();
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('outlives a daemon that ends by %s, and is adopted', async (signal) => {
    const { address, host } = await rentHost();
    await answering(address);
    await cloud.end(signal);
    expect((await answering(address)).pid).toBe(host.pid);
    await cloud.restart();
    expect(await cloud.client.get('hosts', host.id)).toMatchObject({ state: 'running', pid: host.pid });
    kill(host.pid!);
    await until(async () => (await health(address))?.boots === 2);
  });

  test('that died without its daemon comes up with the next one', async () => {
    const { address, host } = await rentHost();
    await answering(address);
    await cloud.end('SIGKILL');
    kill(host.pid!);
    await cloud.restart();
    expect((await answering(address)).boots).toBe(2);
  });

  test('is stopped by a shutdown and up again after the next start, at the same address', async () => {
    const { address, host } = await rentHost();
    await answering(address);
    await cloud.call('POST', '/v1/shutdown');
    expect(isRunning(host.pid)).toBe(false);
    await cloud.end('SIGTERM');
    await cloud.restart();
    expect((await answering(address)).boots).toBe(2);
    expect((await cloud.client.get('addresses', address.id))?.address).toBe(address.address);
  });
});

describe('faults', () => {
  test('a create whose reply is lost has made its object, and its repeat finds it', async () => {
    await cloud.faults({ createHost: 'lose-reply', times: 1 });
    const { host } = await rentHost();
    expect(await cloud.client.list('hosts')).toMatchObject([{ id: host.id }]);
  });

  test('without create tokens a lost reply leaves two', async () => {
    await cloud.rules({ createTokens: false });
    await cloud.faults({ createAddress: 'lose-reply', times: 1 });
    await rentAddress();
    expect(await cloud.client.list('addresses')).toHaveLength(2);
  });

  test('a create can fail, run into a quota, or boot a host that never answers', async () => {
    await cloud.faults({ createVolume: 'fail', times: 5 });
    await expect(rentVolume()).rejects.toMatchObject({ code: 'unavailable' });
    await cloud.clearFaults();
    await cloud.faults({ createVolume: 'quota' });
    await expect(rentVolume()).rejects.toMatchObject({ code: 'quota' });
    await cloud.faults({ createHost: 'never-healthy' });
    const { host, address } = await rentHost();
    expect(host.state).toBe('running');
    expect(await health(address)).toBeNull();
    await cloud.client.stopHost(host.id);
    await cloud.client.startHost(host.id);
    expect(await answering(address)).toMatchObject({ boots: 1 });
  });

  test('a host that never answers does so after its restart, which can fail too', async () => {
    await cloud.faults({ createHost: 'never-healthy', restartHost: 'fail' });
    const { host, address } = await rentHost();
    expect(await health(address)).toBeNull();
    // Its client repeats by itself what was refused once.
    await cloud.client.restartHost(host.id, 'token-of-one');
    expect(await answering(address)).toMatchObject({ boots: 1 });
    await cloud.faults({ restartHost: 'fail', times: 3 });
    await expect(cloud.client.restartHost(host.id, 'token-of-two')).rejects.toMatchObject({ code: 'unavailable' });
    expect(await answering(address)).toMatchObject({ boots: 1 });
  });

  test('a listing can come late', async () => {
    await cloud.rules({ listingDelayMs: 400 });
    await rentVolume();
    expect(await cloud.client.list('volumes')).toEqual([]);
    await until(async () => (await cloud.client.list('volumes')).length === 1);
  });
});
