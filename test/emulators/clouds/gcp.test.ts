import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkInputs } from '../../../emulators/clouds/check-inputs.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import { types } from '../../../emulators/clouds/gcp/types.ts';
import { schemaOf } from '../../../emulators/clouds/schema/schema-of.ts';
import { tableOf } from '../../../emulators/clouds/tables.ts';
import { gcpInventory } from '../../../src/stacks/gcp/inventory.ts';
import { labelsOf, ownerDescription, ownerName, ownerText, physicalName } from '../../../src/stacks/gcp/names.ts';
import { gcpView } from '../../../src/stacks/gcp/view.ts';
import { startCloud, type TestCloud, zone } from '../../support/small-cloud.ts';

/** The emulated Google Cloud without an engine: what it refuses, and what happens to linked objects. */

let cloud: TestCloud;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  cloud = await startCloud();
  const cacheFolder = join(tmpdir(), 'freehold-doubles');
  env = doublesEnvironment({ cloudUrl: cloud.url, path: process.env.PATH ?? '', cacheFolder });
}, 30_000);
afterAll(async () => {
  await cloud?.stop();
}, 30_000);

const region = 'europe-west1';
const place = `${region}-b`;
const objects = '/v1/doubles/gcp/objects';
const one = (type: string, id: string) => `/v1/doubles/gcp/object?${new URLSearchParams({ type, id })}`;

interface Made {
  id: string;
  properties: Record<string, string>;
}
async function make(type: string, inputs: object): Promise<Made> {
  const { status, body } = await cloud.call('POST', objects, { type, region, inputs });
  if (status !== 201) throw new Error((body as { message: string }).message);
  return body as Made;
}
const refusal = async (method: string, path: string, body?: unknown) =>
  ((await cloud.call(method, path, body)).body as { message?: string } | undefined)?.message;
const remove = (type: string, id: string) => refusal('DELETE', one(type, id));

const image = 'projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101';

/** A network with a subnet, and the inputs of a machine in it. */
async function makeNetwork(name: string) {
  const network = await make(types.network, { name: `${name}-network`, autoCreateSubnetworks: false });
  const subnet = await make(types.subnet, { name: `${name}-subnet`, network: network.id, ipCidrRange: '10.0.0.0/24' });
  const inputsOf = (machine: string, { natIp, ...more }: { natIp?: string; [input: string]: unknown } = {}) => ({
    ...{ name: `${name}-${machine}`, zone: place, machineType: 'e2-small' },
    bootDisk: { initializeParams: { image } },
    networkInterfaces: [{ subnetwork: subnet.id, accessConfigs: [natIp === undefined ? {} : { natIp }] }],
    ...more,
  });
  return { network, subnet, inputsOf };
}

describe('the double of Google Cloud', () => {
  test('refuses a second object of a name, as Google Cloud does', async () => {
    const { network, inputsOf } = await makeNetwork('same');
    await make(types.instance, inputsOf('host'));
    await expect(make(types.instance, inputsOf('host'))).rejects.toThrow(/Error 409: .* already exists/);
    const disk = { name: 'same-disk', zone: place, size: 10 };
    await make(types.disk, disk);
    await expect(make(types.disk, disk)).rejects.toThrow('already exists');
    // In another zone the same name is another disk.
    await make(types.disk, { ...disk, zone: `${region}-c` });
    await expect(make(types.network, { name: network.properties.name })).rejects.toThrow('already exists');
  });

  test.each([
    ['name', { name: 'Upper', zone: place }, 'Must be a match of regex'],
    ['name', { name: 'a'.repeat(64), zone: place }, 'Must be a match of regex'],
    ['label', { name: 'labelled', zone: place, labels: { 'freehold:instance': 'i1' } }, 'resource.labels'],
    ['label', { name: 'labelled', zone: place, labels: { plan: 'MAKER' } }, 'resource.labels'],
  ])('refuses a %s that has signs that Google Cloud does not take', async (_what, inputs, sentence) => {
    await expect(make(types.disk, { size: 10, ...inputs })).rejects.toThrow(sentence);
  });

  test('wants what is named to exist, and an image that there is', async () => {
    const nowhere = 'projects/freehold-double/global/networks/nowhere';
    await expect(make(types.subnet, { name: 'lost', network: nowhere })).rejects.toThrow('Error 404');
    const { inputsOf } = await makeNetwork('lost');
    const bootDisk = { initializeParams: { image: 'projects/other/global/images/other' } };
    await expect(make(types.instance, inputsOf('host', { bootDisk }))).rejects.toThrow('was not found');
    await expect(make(types.instance, inputsOf('host', { zone: 'us-central1-a' }))).rejects.toThrow('another region');
  });

  test('attaches a disk to one machine of its zone, and lets go of it with the machine', async () => {
    const { inputsOf } = await makeNetwork('disks');
    const [first, second] = [
      await make(types.instance, inputsOf('first')),
      await make(types.instance, inputsOf('second')),
    ];
    const near = await make(types.disk, { name: 'near', zone: place, size: 10 });
    const far = await make(types.disk, { name: 'far', zone: `${region}-c`, size: 10 });
    await expect(make(types.attachedDisk, { disk: far.id, instance: first.id })).rejects.toThrow('same zone');
    await make(types.attachedDisk, { disk: near.id, instance: first.id });
    await expect(make(types.attachedDisk, { disk: near.id, instance: second.id })).rejects.toThrow(
      'resourceInUseByAnotherResource',
    );
    expect(await remove(types.disk, near.id)).toContain('resourceInUseByAnotherResource');
    const smaller = { name: 'near', zone: place, size: 5 };
    expect(await refusal('PATCH', one(types.disk, near.id), smaller)).toContain('cannot become smaller');
    expect(await remove(types.instance, first.id)).toBeUndefined();
    expect(await remove(types.disk, near.id)).toBeUndefined();
  });

  test('gives an address to one machine at a time, and keeps it while one has it', async () => {
    const { inputsOf } = await makeNetwork('reach');
    const address = await make(types.address, { name: 'reach-address' });
    const natIp = address.properties.address!;
    const first = await make(types.instance, inputsOf('first', { natIp }));
    await expect(make(types.instance, inputsOf('second', { natIp }))).rejects.toThrow('already in-use');
    expect(await remove(types.address, address.id)).toContain('resourceInUseByAnotherResource');
    expect(await refusal('PATCH', one(types.instance, first.id), inputsOf('first'))).toBeUndefined();
    await make(types.instance, inputsOf('second', { natIp }));
  });

  test('stops a machine for another size only where it may, and holds one that is protected', async () => {
    const { inputsOf } = await makeNetwork('held');
    const { id } = await make(types.instance, inputsOf('host', { deletionProtection: true }));
    const larger = inputsOf('host', { machineType: 'e2-medium', deletionProtection: true });
    expect(await refusal('PATCH', one(types.instance, id), larger)).toContain('allow_stopping_for_update');
    const allowed = { ...larger, allowStoppingForUpdate: true };
    expect(await refusal('PATCH', one(types.instance, id), allowed)).toBeUndefined();
    expect(await remove(types.instance, id)).toContain('Deletion Protection is enabled');
    await cloud.call('PATCH', one(types.instance, id), { ...allowed, deletionProtection: false });
    expect(await remove(types.instance, id)).toBeUndefined();
  });

  test('takes records of its own zone alone, and text in quotes', async () => {
    const record = { managedZone: 'freehold-double-zone', name: `dns.${zone}.`, ttl: 60 };
    await make(types.record, { ...record, type: 'A', rrdatas: ['198.18.0.1'] });
    const foreign = { ...record, name: 'dns.example.com.', type: 'A', rrdatas: ['198.18.0.1'] };
    await expect(make(types.record, foreign)).rejects.toThrow('not within the zone');
    await expect(make(types.record, { ...record, type: 'TXT', rrdatas: ['plain'] })).rejects.toThrow('No quotes');
  });
});

describe('the inventory at the double', () => {
  const instanceId = 'i0123456789abcdef';
  const other = 'i0123456789abcdeg';
  const labels = (id: string, resource: string) =>
    labelsOf({ 'freehold:instance': id, 'freehold:resource': resource, 'freehold:plan': 'MAKER' });

  test('finds what is of an instance by label, description and record, whatever else there is, and removes it', async () => {
    const inventory = gcpInventory(env);
    for (const id of [instanceId, other]) {
      const description = (resource: string) => ownerDescription({ instanceId: id, resource });
      await make(types.network, { name: physicalName(id, 'network'), description: description('network') });
      const named = { name: physicalName(id, 'volume-node-1'), zone: place, size: 10 };
      await make(types.disk, { ...named, labels: labels(id, 'volume-node-1') });
      const record = { managedZone: 'freehold-double-zone', ttl: 60 };
      const hostname = `${id}.${zone}`;
      await make(types.record, { ...record, name: `${hostname}.`, type: 'A', rrdatas: ['198.18.0.2'] });
      const owner = { ...record, name: `${ownerName(hostname)}.`, type: 'TXT', rrdatas: [ownerText(id)] };
      await make(types.record, owner);
    }
    await make(types.snapshots, { name: `${instanceId}-snapshots`, description: `of ${instanceId}, said by somebody` });
    await make(types.schedule, {
      ...{ disk: physicalName(instanceId, 'volume-node-1'), zone: place, name: `${instanceId}-snapshots` },
    });

    const found = await inventory.list({ instanceId, region });
    expect(found.map(({ kind, resource, role }) => [kind, resource, role])).toEqual([
      ['record', `record-${instanceId}.${zone}`, 'record'],
      ['record', `owner-txt-${instanceId}.${zone}`, 'record'],
      ['schedule', 'schedule-node-1', 'other'],
      ['disks', 'volume-node-1', 'volume'],
      ['networks', 'network', 'other'],
    ]);
    expect((await inventory.listAll()).filter((each) => each.instanceId === other)).toHaveLength(4);
    for (const object of found) await inventory.remove(object);
    expect(await inventory.list({ instanceId, region })).toEqual([]);
    // A missing one is a success, and another instance's is untouched.
    for (const object of found) await inventory.remove(object);
    expect(await inventory.list({ instanceId: other, region })).toHaveLength(4);
    inventory.close();
  });

  test('finds what ties a machine to its volume and its group, and unties them', async () => {
    const inventory = gcpInventory(env);
    const id = 'i0123456789abcdeh';
    const { inputsOf } = await makeNetwork(id);
    const host = await make(types.instance, inputsOf('host', { labels: labels(id, 'host-node-1-m1') }));
    const disk = { name: physicalName(id, 'volume-node-1'), zone: place, size: 10 };
    const volume = await make(types.disk, { ...disk, labels: labels(id, 'volume-node-1') });
    await make(types.attachedDisk, { disk: volume.id, instance: host.id, deviceName: 'freehold-data' });
    const name = physicalName(id, 'group-node-1');
    const description = ownerDescription({ instanceId: id, resource: 'group-node-1' });
    await make(types.group, { name, zone: place, description });
    await make(types.member, { zone: place, instanceGroup: name, instance: host.properties.selfLink });

    const found = await inventory.list({ instanceId: id, region });
    expect(found.map(({ resource }) => resource)).toEqual([
      ...['member-node-1', 'group-node-1', 'attachment-node-1', 'host-node-1-m1', 'volume-node-1'],
    ]);
    const ties = found.filter(({ kind }) => kind === 'member' || kind === 'attachment');
    for (const tie of ties) await inventory.remove(tie);
    for (const tie of ties) await inventory.remove(tie);
    expect(await inventory.list({ instanceId: id, region })).toHaveLength(3);
  });

  test('says that the credentials are no good, where they are not', async () => {
    const inventory = gcpInventory({ ...env, GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.old' });
    await expect(inventory.list({ instanceId, region })).rejects.toMatchObject({ code: 'cloud_credentials_expired' });
  });

  test('is refused while the installation names no zone', () => {
    const { FREEHOLD_GCP_MANAGED_ZONE: _zone, ...without } = env;
    expect(() => gcpInventory(without)).toThrow('FREEHOLD_GCP_MANAGED_ZONE');
  });

  test('what is configured is found ready', async () => {
    const view = gcpView(env);
    expect(await view.identity()).toBe('project freehold-double');
    expect(await view.permissions()).toEqual({ missing: [], unchecked: [] });
    expect(await view.sizesIn(region, ['e2-small', 'n2-standard-8'])).toEqual(['e2-small', 'n2-standard-8']);
  });
});

describe('names', () => {
  test('stay within 63 characters, and differ where what they are made of differs', () => {
    const long = (end: string) => physicalName('i0123456789abcdef', `host-${'n'.repeat(32)}-${'m'.repeat(15)}${end}`);
    expect(long('1')).toMatch(/^i0123456789abcdef-host-n+[-nm]*-[0-9a-f]{8}$/);
    expect(long('1')).toHaveLength(63);
    expect(long('1')).not.toBe(long('2'));
  });

  test('labels are tags in the signs that labels may have', () => {
    expect(labelsOf({ 'freehold:created': '2026-11-28T00:00:00.000Z', 'freehold:plan': 'MAKER' })).toEqual({
      'freehold-created': '2026-11-28t00-00-00-000z',
      'freehold-plan': 'maker',
    });
  });
});

describe('the inputs of the package', () => {
  test('say what is required, unknown or of another kind, at every depth', async () => {
    const schema = await schemaOf(tableOf('gcp'), env);
    const problems = (type: string, inputs: Record<string, unknown>) =>
      checkInputs(schema, type, inputs).map(({ reason }) => reason);
    expect(problems(types.attachedDisk, { disk: 'd', colour: 'red' })).toEqual([
      'Missing required argument: "instance" is required',
      'An argument named "colour" is not expected here',
    ]);
    const bootDisk = { initializeParams: { size: 'large', shape: 'round' } };
    expect(problems(types.instance, { machineType: 'e2-small', networkInterfaces: [], bootDisk })).toEqual([
      '"bootDisk.initializeParams.size" must be a number',
      'An argument named "bootDisk.initializeParams.shape" is not expected here',
    ]);
  }, 120_000);
});
