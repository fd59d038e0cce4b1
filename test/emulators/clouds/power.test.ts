import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { subscription } from '../../../emulators/clouds/azure/rules.ts';
import { accessToken as azureToken } from '../../../emulators/clouds/azure/table.ts';
import { doubleToken } from '../../../emulators/clouds/digitalocean/table.ts';
import { accessToken as googleToken } from '../../../emulators/clouds/gcp/table.ts';
import { type DoubledCloud, type DoubledMachine, makeDoubledMachine } from '../../support/doubled-machine.ts';
import { startCloud, type TestCloud } from '../../support/small-cloud.ts';

/** How the doubles answer for the power of machines, in the words and formats of the clouds themselves. */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud();
}, 30_000);
afterAll(async () => {
  await cloud?.stop();
}, 30_000);

async function call(at: DoubledCloud, token: string, method: string, path: string, body?: string) {
  const response = await fetch(path.startsWith('http') ? path : `${cloud.url}/v1/wire/${at}${path}`, {
    method,
    headers: { authorization: token, 'content-type': body?.startsWith('{') ? 'application/json' : 'text/plain' },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
type Reply = Awaited<ReturnType<typeof call>>;

/** Looks until something is over, and answers with how often that was asked. */
async function looksUntil(look: () => Promise<Reply>, isOver: (text: string) => boolean): Promise<number> {
  for (let looks = 1; ; looks += 1) if (isOver((await look()).text)) return looks;
}

test('EC2 takes a reboot and calls the machine running all the time, and refuses it of one that is stopped', async () => {
  const machine: DoubledMachine = await makeDoubledMachine(cloud, 'aws');
  await machine.booted(1);
  const token = 'AWS4-HMAC-SHA256 Credential=AKIAFREEHOLDDOUBLE00/20261201/eu-west-1/ec2/aws4_request';
  const ask = (action: string) => call('aws', token, 'POST', '/', `Action=${action}&InstanceId.1=${machine.id}`);
  const reboot = await ask('RebootInstances');
  expect(reboot.text).toMatch(
    /<RebootInstancesResponse xmlns="http:\/\/ec2\.amazonaws\.com\/doc\/2016-11-15\/">.*<return>true<\/return>/,
  );
  expect((await ask('DescribeInstances')).text).toContain('<name>running</name>');
  await machine.booted(2);
  await machine.power('off');
  expect((await ask('DescribeInstances')).text).toContain('<code>80</code><name>stopped</name>');
  const refused = await ask('RebootInstances');
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('<Code>IncorrectInstanceState</Code>')]);
  const started = await ask('StartInstances');
  expect(started.text).toContain('<currentState><code>0</code><name>pending</name></currentState>');
  expect(started.text).toContain('<previousState><code>80</code><name>stopped</name></previousState>');
  await machine.booted(3);
});

test('DigitalOcean answers a power cycle with an action that is in progress, and takes no second one meanwhile', async () => {
  const machine = await makeDoubledMachine(cloud, 'digitalocean');
  await machine.booted(1);
  const ask = (method: string, path: string, body?: object) =>
    call('digitalocean', `Bearer ${doubleToken}`, method, `/v2/${path}`, body && JSON.stringify(body));
  const actions = `droplets/${machine.id}/actions`;
  const begun = await ask('POST', actions, { type: 'power_cycle' });
  const { action } = JSON.parse(begun.text) as { action: { id: number } };
  expect(begun.status).toBe(201);
  expect(action).toMatchObject({ type: 'power_cycle', status: 'in-progress', resource_id: Number(machine.id) });
  expect(JSON.parse((await ask('GET', `droplets/${machine.id}`)).text)).toMatchObject({
    droplet: { id: Number(machine.id), status: 'active', locked: true },
  });
  const second = await ask('POST', actions, { type: 'power_on' });
  expect([second.status, second.text]).toEqual([422, expect.stringContaining('already has a pending event')]);
  const looks = await looksUntil(
    () => ask('GET', `actions/${action.id}`),
    (text) => text.includes('"completed"'),
  );
  expect(looks).toBeGreaterThan(1);
  expect(JSON.parse((await ask('GET', actions)).text)).toMatchObject({ actions: [{ id: action.id }] });
  await machine.booted(2);
  expect((await ask('POST', actions, { type: 'sing' })).status).toBe(422);
  expect((await ask('GET', 'droplets/1')).status).toBe(404);
});

test('Google resets once for a request id, by an operation of the zone, and no machine that is stopped', async () => {
  const machine = await makeDoubledMachine(cloud, 'gcp');
  await machine.booted(1);
  const ask = (method: string, path: string) => call('gcp', `Bearer ${googleToken}`, method, `/compute/v1/${path}`);
  const requestId = 'requestId=6f7d7c3e-2f0b-4a7e-9d41-0c9a3f0f1a11';
  const first = JSON.parse((await ask('POST', `${machine.id}/reset?${requestId}`)).text) as { name: string };
  expect(first).toMatchObject({ status: 'RUNNING' });
  const zone = machine.id.replace(/\/instances\/.*$/, '');
  const looks = await looksUntil(
    () => ask('GET', `${zone}/operations/${first.name}`),
    (text) => text.includes('"DONE"'),
  );
  expect(looks).toBeGreaterThan(1);
  await machine.booted(2);
  expect(JSON.parse((await ask('POST', `${machine.id}/reset?${requestId}`)).text)).toEqual(first);
  expect((await machine.health())?.boots).toBe(2);
  await machine.power('off');
  expect(JSON.parse((await ask('GET', machine.id)).text)).toMatchObject({ status: 'TERMINATED' });
  const refused = await ask('POST', `${machine.id}/reset`);
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('resourceNotReady')]);
  await ask('POST', `${machine.id}/start`);
  await machine.booted(3);
});

test('Azure accepts a restart and names the operation that carries it out, and refuses it of a machine that is off', async () => {
  const machine = await makeDoubledMachine(cloud, 'azure');
  await machine.booted(1);
  const version = 'api-version=2024-11-01';
  const ask = (method: string, path: string) => call('azure', `Bearer ${azureToken}`, method, path);
  const accepted = await ask('POST', `${machine.id}/restart?${version}`);
  expect(accepted.status).toBe(202);
  const operation = accepted.headers.get('azure-asyncoperation')!;
  const place = `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/westeurope/operations/`;
  expect(operation).toContain(`${cloud.url}/v1/wire/azure${place}`);
  expect(accepted.headers.get('location')).toContain('monitor=true');
  const looks = await looksUntil(
    () => ask('GET', operation),
    (text) => text.includes('"Succeeded"'),
  );
  expect(looks).toBeGreaterThan(1);
  await machine.booted(2);
  await machine.power('off');
  const view = await ask('GET', `${machine.id}/instanceView?${version}`);
  expect(view.text).toContain('PowerState/deallocated');
  const refused = await ask('POST', `${machine.id}/restart?${version}`);
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('OperationNotAllowed')]);
  expect((await ask('POST', `${machine.id}/start?${version}`)).status).toBe(202);
  await machine.booted(3);
  expect((await ask('POST', `${machine.id}-none/restart?${version}`)).status).toBe(404);
});

test('a host that never answered does so after its machine was restarted', async () => {
  const other = await startCloud();
  await other.call('POST', '/v1/doubles/gcp/faults', { on: 'create', type: 'instance', fault: 'never-healthy' });
  const machine = await makeDoubledMachine(other, 'gcp');
  expect(await machine.health()).toBeNull();
  const reset = `${other.url}/v1/wire/gcp/compute/v1/${machine.id}/reset`;
  await fetch(reset, { method: 'POST', headers: { authorization: `Bearer ${googleToken}` } });
  expect(await machine.booted(1)).toMatchObject({ boots: 1 });
  await other.stop();
}, 30_000);
