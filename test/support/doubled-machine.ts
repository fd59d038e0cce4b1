import { types as aws } from '../../emulators/clouds/aws/types.ts';
import { types as azure } from '../../emulators/clouds/azure/types.ts';
import { types as digitalocean } from '../../emulators/clouds/digitalocean/types.ts';
import { types as gcp } from '../../emulators/clouds/gcp/types.ts';
import type { CloudName } from '../../src/contracts/stack.ts';
import { documentOf } from '../stacks/cloud-init/hosts.ts';
import { type TestCloud, zone } from './small-cloud.ts';
import { until } from './until.ts';

export type DoubledCloud = Exclude<CloudName, 'local'>;

interface Made {
  id: string;
  properties: Record<string, string>;
}
type Make = (type: string, inputs: object) => Promise<Made>;

/** Each has a name of its own: the small cloud answers for the names of all doubles. */
const hostnameAt = (at: DoubledCloud) => `restarted-${at}.${zone}`;
const name = 'i0123456789abcdef';

/** A machine with volume, address and name at each double, as little as makes it serve. */
const makers: Readonly<Record<DoubledCloud, (make: Make) => Promise<Made>>> = {
  async aws(make) {
    const availabilityZone = 'eu-west-1a';
    const vpc = await make(aws.vpc, { cidrBlock: '10.0.0.0/16' });
    const subnet = await make(aws.subnet, { vpcId: vpc.id, cidrBlock: '10.0.0.0/24', availabilityZone });
    const machine = await make(aws.instance, {
      ...{ ami: 'ami-0f4ee000000000000', instanceType: 't3.small', subnetId: subnet.id },
      userData: documentOf({ cloud: 'aws' }),
    });
    const volume = await make(aws.volume, { availabilityZone, size: 10 });
    await make(aws.volumeAttachment, { deviceName: '/dev/sdf', volumeId: volume.id, instanceId: machine.id });
    await make(aws.power, { instanceId: machine.id, state: 'running' });
    const address = await make(aws.eip, { domain: 'vpc' });
    await make(aws.eipAssociation, { allocationId: address.id, instanceId: machine.id });
    await make(aws.record, {
      ...{
        zoneId: 'ZFREEHOLDDOUBLE',
        name: hostnameAt('aws'),
        type: 'A',
        ttl: 60,
        records: [address.properties.publicIp],
      },
    });
    return machine;
  },
  async digitalocean(make) {
    const region = 'fra1';
    const machine = await make(digitalocean.droplet, {
      ...{ name, region, size: 's-1vcpu-2gb', image: '190000001', userData: documentOf({ cloud: 'digitalocean' }) },
    });
    const dropletId = Number(machine.id);
    const volume = await make(digitalocean.volume, { name, region, size: 10 });
    await make(digitalocean.volumeAttachment, { dropletId, volumeId: volume.id });
    const address = await make(digitalocean.address, { region });
    await make(digitalocean.addressAssignment, { dropletId, ipAddress: address.id });
    const record = { domain: zone, name: 'restarted-digitalocean', type: 'A', ttl: 60, value: address.id };
    await make(digitalocean.record, record);
    return machine;
  },
  async gcp(make) {
    const place = 'europe-west1-b';
    const network = await make(gcp.network, { name: `${name}-network`, autoCreateSubnetworks: false });
    const subnet = await make(gcp.subnet, { name: `${name}-subnet`, network: network.id, ipCidrRange: '10.0.0.0/24' });
    const address = await make(gcp.address, { name: `${name}-address` });
    const natIp = address.properties.address;
    const image = 'projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101';
    const machine = await make(gcp.instance, {
      ...{ name: `${name}-host`, zone: place, machineType: 'e2-small', bootDisk: { initializeParams: { image } } },
      networkInterfaces: [{ subnetwork: subnet.id, accessConfigs: [{ natIp }] }],
      metadata: { 'user-data': documentOf({ cloud: 'gcp' }) },
    });
    const volume = await make(gcp.disk, { name: `${name}-volume`, zone: place, size: 10 });
    await make(gcp.attachedDisk, { deviceName: 'freehold-data', disk: volume.id, instance: machine.id });
    const record = { managedZone: 'freehold-double-zone', name: `${hostnameAt('gcp')}.`, type: 'A', ttl: 60 };
    await make(gcp.record, { ...record, rrdatas: [natIp] });
    return machine;
  },
  async azure(make) {
    const place = { resourceGroupName: `${name}-group`, location: 'westeurope' };
    await make(azure.group, place);
    await make(azure.network, { ...place, virtualNetworkName: 'net' });
    const subnet = await make(azure.subnet, {
      ...{ resourceGroupName: place.resourceGroupName, virtualNetworkName: 'net', subnetName: 'main' },
    });
    const address = await make(azure.address, {
      ...{ ...place, publicIpAddressName: 'ip', sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
    });
    const card = await make(azure.card, {
      ...{ ...place, networkInterfaceName: 'nic' },
      ipConfigurations: [{ name: 'main', subnet: { id: subnet.id }, publicIPAddress: { id: address.id } }],
    });
    const zones = ['1'];
    const volume = await make(azure.disk, { ...place, diskName: 'data', zones, diskSizeGB: 32 });
    const machine = await make(azure.machine, {
      ...{ ...place, vmName: 'host', zones, networkProfile: { networkInterfaces: [{ id: card.id }] } },
      osProfile: { customData: Buffer.from(documentOf({ cloud: 'azure' })).toString('base64') },
      storageProfile: { dataDisks: [{ lun: 0, createOption: 'Attach', managedDisk: { id: volume.id } }] },
    });
    await make(azure.record, {
      ...{ resourceGroupName: 'freehold', zoneName: zone, relativeRecordSetName: 'restarted-azure', recordType: 'A' },
      ...{ ttl: 60, aRecords: [{ ipv4Address: address.properties.ipAddress }] },
    });
    return machine;
  },
};

/** Region of each cloud in which its machine is. */
export const regionOf: Readonly<Record<DoubledCloud, string>> = {
  aws: 'eu-west-1',
  digitalocean: 'fra1',
  gcp: 'europe-west1',
  azure: 'westeurope',
};

const typeOf: Readonly<Record<DoubledCloud, string>> = {
  aws: aws.instance,
  digitalocean: digitalocean.droplet,
  gcp: gcp.instance,
  azure: azure.machine,
};

/** A machine of a cloud's double that serves, made without an engine. */
export async function makeDoubledMachine(cloud: TestCloud, at: DoubledCloud) {
  const path = `/v1/doubles/${at}`;
  const machine = await makers[at](async (type, inputs) => {
    const { status, body } = await cloud.call('POST', `${path}/objects`, { type, region: regionOf[at], inputs });
    if (status !== 201) throw new Error((body as { message: string }).message);
    return body as Made;
  });
  const type = typeOf[at];

  /** What the host says of itself; null while it does not answer. */
  async function health(): Promise<{ boots: number; pid: number } | null> {
    const { body } = await cloud.call('GET', `/v1/names/${hostnameAt(at)}`);
    const { address } = body as { address?: string };
    const response = address === undefined ? null : await fetch(`http://${address}/healthz`).catch(() => null);
    return response ? ((await response.json()) as { boots: number; pid: number }) : null;
  }

  return {
    id: machine.id,
    type,
    health,
    /** Waits until the host has booted so often on its volume. */
    booted: (boots: number) =>
      until(async () => ((await health())?.boots === boots ? health() : null), { what: `boot ${boots} on ${at}` }),
    /** As somebody at the cloud's console would. */
    power: (how: 'on' | 'off') => cloud.call('POST', `${path}/power`, { type, id: machine.id, how }),
    fault: (fault: object) => cloud.call('POST', `${path}/faults`, { on: 'power', ...fault }),
    /** Every object of the double with its inputs, as the outside would find it. */
    objects: async () => (await cloud.call('GET', `${path}/objects`)).body,
    remove: () => cloud.call('DELETE', `${path}/object?${new URLSearchParams({ type, id: machine.id })}`),
  };
}
export type DoubledMachine = Awaited<ReturnType<typeof makeDoubledMachine>>;
