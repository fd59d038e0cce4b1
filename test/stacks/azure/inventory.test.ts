import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { armId } from '../../../emulators/clouds/azure/rules.ts';
import { types } from '../../../emulators/clouds/azure/types.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import { azureInventory } from '../../../src/stacks/azure/inventory.ts';
import { azureActions } from '../../../src/stacks/azure/permissions.ts';
import { azureView } from '../../../src/stacks/azure/view.ts';
import { startCloud, type TestCloud, zone } from '../../support/small-cloud.ts';

/** The inventory against the emulated Azure API, with the token of a machine's identity. */

let cloud: TestCloud;
const former = { ...process.env };
beforeAll(async () => {
  cloud = await startCloud();
  // The Azure SDK finds the identity only here.
  Object.assign(process.env, doublesEnvironment({ cloudUrl: cloud.url, path: former.PATH ?? '', cacheFolder: '' }));
}, 30_000);
afterAll(async () => {
  process.env = former;
  await cloud?.stop();
}, 30_000);

const region = 'westeurope';
const instanceId = 'i0123456789abcdef';
const owned = (resource: string) => ({
  tags: {
    'freehold:instance': instanceId,
    'freehold:resource': resource,
    'freehold:created': '2026-11-28T00:00:00.000Z',
  },
});

async function make(type: string, inputs: object) {
  const { status, body } = await cloud.call('POST', '/v1/doubles/azure/objects', { type, region, inputs });
  if (status !== 201) throw new Error((body as { message: string }).message);
  return body as { id: string };
}

/** One object of every kind, linked like a server's parts; one of them without a tag. */
async function makeServer(): Promise<void> {
  const inGroup = { resourceGroupName: `${instanceId}-group`, location: region };
  const outside = { resourceGroupName: 'freehold' };
  await make(types.group, { ...inGroup, ...owned('place') });
  await make(types.network, { ...inGroup, virtualNetworkName: 'net', ...owned('network') });
  const firewall = await make(types.firewall, { ...inGroup, networkSecurityGroupName: 'fw', ...owned('firewall') });
  const subnet = await make(types.subnet, {
    ...{ resourceGroupName: inGroup.resourceGroupName, virtualNetworkName: 'net', subnetName: 'main' },
    networkSecurityGroup: { id: firewall.id },
  });
  const address = await make(types.address, { ...inGroup, publicIpAddressName: 'ip', ...owned('address-node-1') });
  await make(types.balancer, { ...inGroup, loadBalancerName: 'lb', ...owned('balancer') });
  const card = await make(types.card, {
    ...{ ...inGroup, networkInterfaceName: 'card', ...owned('nic-node-1-m1') },
    ipConfigurations: [{ subnet: { id: subnet.id }, publicIPAddress: { id: address.id } }],
  });
  const disk = await make(types.disk, { ...inGroup, diskName: 'data', zones: ['1'] });
  // A root disk belongs to its machine and is not listed separately.
  await make(types.disk, { ...inGroup, diskName: `${instanceId}-root-node-1-m1`, zones: ['1'] });
  await make(types.machine, {
    ...{ ...inGroup, vmName: 'host', zones: ['1'], ...owned('host-node-1-m1') },
    networkProfile: { networkInterfaces: [{ id: card.id }] },
    storageProfile: { dataDisks: [{ lun: 0, managedDisk: { id: disk.id } }] },
  });
  const vaultName = `freehold-${region}`;
  const policyId = armId('backupPolicy', { ...outside, vaultName, backupPolicyName: 'daily' });
  await make(types.snapshots, {
    ...{ ...outside, vaultName, backupInstanceName: 'data', ...owned('snapshots-node-1') },
    properties: { dataSourceInfo: { resourceID: disk.id }, policyInfo: { policyId } },
  });
  await make(types.record, {
    ...{ ...outside, zoneName: zone, relativeRecordSetName: 'a', recordType: 'A', ttl: 60 },
    metadata: { freeholdInstance: instanceId, freeholdResource: `record-a.${zone}` },
  });
}

test('lists everything of a server with its logical name, and removes it in the order of the list', async () => {
  await makeServer();
  const stranger = await make(types.group, { resourceGroupName: 'not-ours', location: region });
  const note = { resourceGroupName: 'freehold', zoneName: zone, relativeRecordSetName: 'b', recordType: 'A', ttl: 60 };
  const record = await make(types.record, note);
  const inventory = azureInventory(process.env);

  const listed = await inventory.list({ instanceId, region });
  expect(listed.map(({ resource }) => resource).sort()).toEqual([
    ...['', 'address-node-1', 'balancer', 'firewall', 'host-node-1-m1', 'network', 'nic-node-1-m1', 'place'],
    ...[`record-a.${zone}`, 'snapshots-node-1', 'subnet'],
  ]);
  expect(listed.filter(({ role }) => role === 'host')).toHaveLength(1);
  expect(listed.filter(({ role }) => role === 'volume').map(({ resource }) => resource)).toEqual(['']);
  const all = await inventory.listAll();
  expect(all.map(({ id }) => id).sort()).toEqual(listed.map(({ id }) => id).sort());
  expect(all.every((object) => object.instanceId === instanceId)).toBe(true);
  expect(await inventory.list({ instanceId: 'i0000000000000000', region })).toEqual([]);

  for (const object of listed) await inventory.remove(object);
  const { body } = await cloud.call('GET', '/v1/doubles/azure/objects');
  expect((body as { id: string }[]).map(({ id }) => id).sort()).toEqual([record.id, stranger.id].sort());
  // A missing object is a success.
  for (const object of listed) await inventory.remove(object);
  inventory.close();
}, 60_000);

test('finds itself allowed to do all that it does, and every size', async () => {
  const view = azureView(process.env);
  expect(await view.identity()).toContain('subscription');
  expect(await view.permissions()).toEqual({ missing: [], unchecked: [] });
  expect(view.actions).toBe(azureActions);
  expect(await view.sizesIn(region, ['Standard_B1ms', 'Standard_X'])).toEqual(['Standard_B1ms']);
  view.close();
}, 60_000);

test('tells why Azure refuses', async () => {
  await cloud.call('POST', '/v1/doubles/azure/faults', { on: 'list', fault: 'denied' });
  const inventory = azureInventory(process.env);
  await expect(inventory.list({ instanceId, region })).rejects.toMatchObject({ code: 'cloud_permission_missing' });
  inventory.close();
  await cloud.call('DELETE', '/v1/doubles/azure/faults');
}, 60_000);
