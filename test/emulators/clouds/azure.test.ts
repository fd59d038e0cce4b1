import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { armId, subscription } from '../../../emulators/clouds/azure/rules.ts';
import { types } from '../../../emulators/clouds/azure/types.ts';
import { checkInputs } from '../../../emulators/clouds/check-inputs.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import type { InputSchema } from '../../../emulators/clouds/schema/read-schema.ts';
import { schemaOf } from '../../../emulators/clouds/schema/schema-of.ts';
import { tableOf } from '../../../emulators/clouds/tables.ts';
import { azureReasonOf } from '../../../src/stacks/azure/errors.ts';
import { startCloud, type TestCloud, zone } from '../../support/small-cloud.ts';

/** The emulated Azure without an engine: what it refuses, and what happens to linked objects. */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud();
}, 30_000);
afterAll(async () => {
  await cloud?.stop();
}, 30_000);

const objects = '/v1/doubles/azure/objects';
const one = (type: string, id: string) => `/v1/doubles/azure/object?${new URLSearchParams({ type, id })}`;

interface Made {
  id: string;
  inputs: object;
  properties: Record<string, unknown>;
}
async function make(type: string, inputs: object): Promise<Made> {
  const { status, body } = await cloud.call('POST', objects, { type, region: 'westeurope', inputs });
  if (status !== 201) throw new Error((body as { message: string }).message);
  return body as Made;
}
const refusal = async (method: string, path: string, body?: unknown) =>
  ((await cloud.call(method, path, body)).body as { message?: string } | undefined)?.message;
const change = (type: string, { id, inputs }: Made, more: object) =>
  refusal('PATCH', one(type, id), { ...inputs, ...more });
const remove = (type: string, { id }: Made) => refusal('DELETE', one(type, id));

/** A group with a network, and functions that create network interfaces, disks and machines in it. */
async function makePlace(name: string) {
  const place = { resourceGroupName: name, location: 'westeurope' };
  const group = await make(types.group, place);
  const network = await make(types.network, { ...place, virtualNetworkName: 'net' });
  const subnet = await make(types.subnet, {
    ...{ resourceGroupName: name, virtualNetworkName: 'net', subnetName: 'main', addressPrefix: '10.0.0.0/24' },
  });
  const addressed = (address?: Made) => ({
    ipConfigurations: [
      { name: 'main', subnet: { id: subnet.id }, ...(address && { publicIPAddress: { id: address.id } }) },
    ],
  });
  const stored = (...disks: Made[]) => ({
    storageProfile: { dataDisks: disks.map(({ id }, lun) => ({ lun, createOption: 'Attach', managedDisk: { id } })) },
  });
  return {
    group,
    network,
    subnet,
    addressed,
    stored,
    address: (publicIpAddressName: string, more: object = {}) =>
      make(types.address, {
        ...{ ...place, publicIpAddressName, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static', ...more },
      }),
    card: (networkInterfaceName: string, address?: Made) =>
      make(types.card, { ...place, networkInterfaceName, ...addressed(address) }),
    disk: (diskName: string, zones: string[]) =>
      make(types.disk, { ...place, diskName, zones, diskSizeGB: 32, creationData: { createOption: 'Empty' } }),
    machine: (vmName: string, card: Made, more: object = {}) =>
      make(types.machine, {
        ...{ ...place, vmName, zones: ['1'], networkProfile: { networkInterfaces: [{ id: card.id }] }, ...more },
      }),
  };
}

describe('the double of Azure', () => {
  test('makes ids of names, refuses a second one, and tells an address once', async () => {
    const place = await makePlace('names');
    const address = await place.address('same');
    expect(address.id).toBe(
      `/subscriptions/${subscription}/resourceGroups/names/providers/Microsoft.Network/publicIPAddresses/same`,
    );
    expect(address.id).toBe(armId('address', { resourceGroupName: 'names', publicIpAddressName: 'same' }));
    const again = await place.address('same').catch((error: Error) => error.message);
    expect(again).toContain('cannot create already existing resource');
    expect(azureReasonOf(String(again))).toBe('cloud_name_conflict');
    await cloud.call('PATCH', one(types.address, address.id), { ...address.inputs, tags: { a: 'b' } });
    const { body } = await cloud.call('GET', one(types.address, address.id));
    expect((body as Made).properties.ipAddress).toBe(address.properties.ipAddress);
    await expect(place.address('loose', { publicIPAllocationMethod: 'Dynamic' })).rejects.toThrow('StandardSku');
  });

  test('lets one card have an address, and another one only after it has let go', async () => {
    const place = await makePlace('addresses');
    const [address, other] = [await place.address('server'), await place.address('way')];
    const [old, next] = [await place.card('old', address), await place.card('next', other)];
    expect(await change(types.card, next, place.addressed(address))).toContain('PublicIPAddressInUse');
    expect(await remove(types.address, address)).toContain('PublicIPAddressCannotBeDeleted');
    expect(await change(types.card, old, place.addressed())).toBeUndefined();
    expect(await change(types.card, next, place.addressed(address))).toBeUndefined();
    expect(await remove(types.address, other)).toBeUndefined();
  });

  test('lets one machine have a disk, of its own zone, and another one only after it has let go', async () => {
    const place = await makePlace('disks');
    const [near, far] = [await place.disk('near', ['1']), await place.disk('far', ['2'])];
    const old = await place.machine('old', await place.card('old'), place.stored(near));
    const next = await place.machine('next', await place.card('next'));
    expect(await change(types.machine, next, place.stored(far))).toContain('not in zone');
    expect(await change(types.machine, next, place.stored(near))).toContain('already owned by VM');
    expect(await remove(types.disk, near)).toContain('OperationNotAllowed');
    expect(await change(types.machine, old, place.stored())).toBeUndefined();
    expect(await change(types.machine, next, place.stored(near))).toBeUndefined();
    expect(await change(types.disk, near, { diskSizeGB: 16 })).toContain('cannot be made smaller');
    expect(await change(types.disk, near, { diskSizeGB: 64 })).toBeUndefined();
  });

  test('refuses what Azure never takes of a machine, or lets nobody change', async () => {
    const place = await makePlace('machines');
    const card = await place.card('card');
    const linuxConfiguration = { disablePasswordAuthentication: true };
    const profile = { computerName: 'a', adminUsername: 'unused', linuxConfiguration };
    await expect(place.machine('a', card, { osProfile: profile })).rejects.toThrow('must be enabled');
    const keyed = { ...linuxConfiguration, ssh: { publicKeys: [{ keyData: 'ssh-ed25519 AAAA' }] } };
    const osProfile = { ...profile, linuxConfiguration: keyed };
    await expect(
      place.machine('a', card, { osProfile: { ...osProfile, customData: '#cloud-config' } }),
    ).rejects.toThrow('Base64');
    const machine = await place.machine('a', card, { osProfile: { ...osProfile, customData: 'I2Nsb3Vk' } });
    await expect(place.machine('b', card)).rejects.toThrow('NicInUse');
    const other = { osProfile: { ...osProfile, customData: 'b3RoZXI=' } };
    expect(await change(types.machine, machine, other)).toContain('PropertyChangeNotAllowed');
    expect(await change(types.machine, machine, { zones: ['2'] })).toContain('PropertyChangeNotAllowed');
    expect(await remove(types.card, card)).toContain('NicInUse');
    expect(await change(types.machine, machine, { hardwareProfile: { vmSize: 'Standard_B2s' } })).toBeUndefined();
  });

  test('tells the version of the image where the newest one was asked for', async () => {
    const place = await makePlace('images');
    const imageReference = { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' };
    const machine = await place.machine('a', await place.card('a'), { storageProfile: { imageReference } });
    expect(machine.properties.storageProfile).toEqual({
      imageReference: { ...imageReference, exactVersion: expect.stringMatching(/^24\.04\./) },
    });
  });

  test('takes everything that is in a group with it, and no other', async () => {
    const place = await makePlace('whole');
    const elsewhere = await makePlace('elsewhere');
    await place.machine('a', await place.card('a'), place.stored(await place.disk('a', ['1'])));
    expect(await remove(types.network, place.network)).toBeUndefined();
    expect(await remove(types.group, place.group)).toBeUndefined();
    const left = ((await cloud.call('GET', objects)).body as Made[]).map(({ id }) => id);
    expect(left.filter((id) => id.includes('/resourceGroups/whole'))).toEqual([]);
    expect(left).toContain(elsewhere.subnet.id);
  });

  test('has records in the zone of the operator alone, and backups by their policy alone', async () => {
    const record = {
      resourceGroupName: 'freehold',
      recordType: 'A',
      ttl: 60,
      aRecords: [{ ipv4Address: '198.18.0.1' }],
    };
    const wish = { ...record, zoneName: zone, relativeRecordSetName: 'a.b' };
    expect((await make(types.record, wish)).properties.fqdn).toBe(`a.b.${zone}.`);
    await expect(make(types.record, { ...wish, zoneName: 'example.com' })).rejects.toThrow('ResourceNotFound');
    const { disk } = await makePlace('backups');
    const policyId = armId('backupPolicy', {
      ...{ resourceGroupName: 'freehold', vaultName: 'freehold-westeurope', backupPolicyName: 'hourly' },
    });
    const properties = { dataSourceInfo: { resourceID: (await disk('a', ['1'])).id }, policyInfo: { policyId } };
    const backup = { resourceGroupName: 'freehold', vaultName: 'freehold-westeurope', backupInstanceName: 'a' };
    await expect(make(types.snapshots, { ...backup, properties })).rejects.toThrow('ResourceNotFound');
    const daily = policyId.replace('hourly', 'daily');
    await make(types.snapshots, { ...backup, properties: { ...properties, policyInfo: { policyId: daily } } });
  });

  test.each([
    ['quota', 'cloud_quota'],
    ['capacity', 'cloud_capacity'],
    ['throttled', 'cloud_rate_limited'],
    ['expired', 'cloud_credentials_expired'],
    ['denied', 'cloud_permission_missing'],
    ['unavailable', 'cloud_unavailable'],
  ])('says what is scripted in the words of Azure: %s is %s', async (fault, reason) => {
    const place = await makePlace(`scripted-${fault}`);
    await cloud.call('POST', '/v1/doubles/azure/faults', { on: 'create', type: 'Disk', fault, zone: '1' });
    await place.disk('elsewhere', ['2']);
    const message = await place.disk('a', ['1']).catch((error: Error) => error.message);
    expect(azureReasonOf(String(message))).toBe(reason);
    await place.disk('a', ['1']);
  });
});

describe('the inputs of the package', () => {
  let schema: InputSchema;
  beforeAll(async () => {
    const cacheFolder = join(tmpdir(), 'freehold-doubles');
    const env = doublesEnvironment({ cloudUrl: cloud.url, path: process.env.PATH ?? '', cacheFolder });
    schema = await schemaOf(tableOf('azure'), env);
  }, 120_000);
  const problems = (type: string, inputs: Record<string, unknown>) =>
    checkInputs(schema, type, inputs).map(({ reason }) => reason);

  test('say what is required, unknown or of another kind, at every depth', () => {
    expect(problems(types.disk, { resourceGroupName: 'a', colour: 'red' })).toEqual([
      'Missing required argument: "creationData" is required',
      'An argument named "colour" is not expected here',
    ]);
    const dataDisks = [{ lun: 'zero', createOption: 'Attach', shape: 'round' }];
    expect(problems(types.machine, { resourceGroupName: 'a', storageProfile: { dataDisks } })).toEqual([
      '"storageProfile.dataDisks[0].lun" must be a number',
      'An argument named "storageProfile.dataDisks[0].shape" is not expected here',
    ]);
  });

  test('let pass what is not known yet', () => {
    expect(problems(types.record, { resourceGroupName: undefined, zoneName: 'a', recordType: 'A' })).toEqual([]);
  });
});
