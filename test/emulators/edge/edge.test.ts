import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetch } from 'undici';
import { createReach, type Reach } from '../../../src/runtime/reach.ts';
import { startCloud, startEdge, type TestCloud, type TestEdge, zone } from '../../support/small-cloud.ts';
import { until } from '../../support/until.ts';

let cloud: TestCloud;
let edge: TestEdge;
let reach: Reach;

beforeAll(async () => {
  cloud = await startCloud();
  edge = await startEdge(cloud);
  reach = createReach({ dnsServer: edge.dns, caFile: edge.ca });
});
afterAll(async () => {
  await reach?.close();
  await edge?.stop();
  await cloud?.stop();
});

const tags = { 'freehold:instance': 'i0000000000000001' };
const nameOf = (label: string) => `${label}.local.${zone}`;
const url = (label: string) => `https://${nameOf(label)}:${new URL(edge.url).port}/healthz`;
const get = (label: string) => fetch(url(label), { dispatcher: reach.dispatcher });

async function rent(label: string) {
  const common = { region: 'home', tags };
  const address = await cloud.client.create('addresses', { ...common, name: label, token: `address-${label}` });
  const record = await cloud.client.create('records', {
    ...{ name: nameOf(label), address: address.address, ttl: 60, tags, token: `record-${label}` },
  });
  const volume = await cloud.client.create('volumes', {
    ...{ ...common, name: label, zone: 'home-a', sizeGib: 1, token: `volume-${label}` },
  });
  const host = await cloud.client.create('hosts', {
    ...{ ...common, name: label, zone: 'home-a', size: 'local-1', image: 'freehold-server:1.0.0' },
    ...{ volumeId: volume.id, addressId: address.id, token: `hosting-${label}` },
    userData: JSON.stringify({ instanceId: 'i0000000000000001', productVersion: '1.0.0' }),
  });
  return { address, record, volume, host };
}

describe('the edge router', () => {
  test('resolves and serves a name from the moment that it has a record, and no other', async () => {
    expect(await reach.resolve(nameOf('early'))).toEqual([]);
    await expect(get('early')).rejects.toThrow();
    await rent('early');
    await until(async () => (await reach.resolve(nameOf('early'))).length > 0, { limitMs: 1_000 });
    const health = (await until(() => get('early').then((response) => (response.ok ? response.json() : null)))) as {
      host: string;
    };
    expect(health).toMatchObject({ status: 'ok', instanceId: 'i0000000000000001' });
    expect(health.host).toContain(nameOf('early'));
  });

  test('says what happened when the host is down, and refuses a name that is gone', async () => {
    const { host, record } = await rent('later');
    await until(() => get('later').then((response) => response.ok));
    await cloud.client.stopHost(host.id);
    const down = await get('later');
    expect(down.status).toBe(502);
    expect(await down.text()).toContain(`The server ${nameOf('later')} does not answer`);
    await cloud.client.remove('records', record.id);
    await until(async () => (await reach.resolve(nameOf('later'))).length === 0, { limitMs: 1_000 });
    // Over the open connection: the name is looked up for every request.
    expect((await get('later')).status).toBe(404);
    const fresh = createReach({ dnsServer: edge.dns, caFile: edge.ca });
    await expect(fetch(url('later'), { dispatcher: fresh.dispatcher })).rejects.toThrow();
    await fresh.close();
  });

  test('certifies a name of more than 64 characters whole, and no cut one', async () => {
    const label = 'a'.repeat(60);
    expect(nameOf(label).length).toBeGreaterThan(64);
    await rent(label);
    await until(() => get(label).then((response) => response.ok));
    const socket = connect({
      ...{ host: '127.0.0.1', port: Number(new URL(edge.url).port), servername: nameOf(label) },
      ca: readFileSync(edge.ca, 'utf8'),
    });
    await once(socket, 'secureConnect');
    const { subject, subjectaltname } = socket.getPeerCertificate();
    expect(subjectaltname).toBe(`DNS:${nameOf(label)}`);
    expect(subject.CN).toBeUndefined();
    socket.destroy();
  });

  test('passes an upgraded connection on in both directions', async () => {
    await rent('talk');
    await until(() => get('talk').then((response) => response.ok));
    const socket = connect({
      ...{ host: '127.0.0.1', port: Number(new URL(edge.url).port), servername: nameOf('talk') },
      ca: readFileSync(edge.ca, 'utf8'),
    });
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    socket.write(`GET / HTTP/1.1\r\nhost: ${nameOf('talk')}\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n`);
    await until(() => heard.includes('101 Switching Protocols'));
    socket.write('hello there');
    await until(() => heard.endsWith('hello there'));
    socket.destroy();
  });

  test('keeps its authority over a restart, with a key that only its owner reads', async () => {
    const before = readFileSync(edge.ca, 'utf8');
    expect(statSync(join(dirname(edge.ca), 'ca.key')).mode & 0o777).toBe(0o600);
    await rent('stays');
    await until(() => get('stays').then((response) => response.ok));
    await edge.stop();
    edge = await startEdge(cloud);
    expect(readFileSync(edge.ca, 'utf8')).toBe(before);
    await reach.close();
    reach = createReach({ dnsServer: edge.dns, caFile: edge.ca });
    await until(() => get('stays').then((response) => response.ok));
  });
});
