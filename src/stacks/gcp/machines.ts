import type { Address } from '@pulumi/gcp/compute/address.js';
import { AttachedDisk } from '@pulumi/gcp/compute/attachedDisk.js';
import { Disk } from '@pulumi/gcp/compute/disk.js';
import { DiskResourcePolicyAttachment } from '@pulumi/gcp/compute/diskResourcePolicyAttachment.js';
import { getImageOutput } from '@pulumi/gcp/compute/getImage.js';
import { Instance } from '@pulumi/gcp/compute/instance.js';
import { ResourcePolicy } from '@pulumi/gcp/compute/resourcePolicy.js';
import { type Input, type Output, output, type Resource } from '@pulumi/pulumi';
import { machineKey, type ServerNode } from '../../contracts/stack.ts';
import { dataDeviceName } from '../cloud-init/machine.ts';
import { machinesOf, type PrivateServerArgs } from '../private-server.ts';
import { linkOf } from './names.ts';
import type { Network } from './network.ts';
import type { Parts } from './parts.ts';

/** How long daily snapshots are kept, days. */
const snapshotDays = 14;
const snapshotTime = '02:00';
/**
 * Placeholder where looking up an image is not allowed; never used, because changes of a machine's image are ignored.
 */
const noImage = 'projects/ubuntu-os-cloud/global/images/pinned';

/** Machines by their keys. */
export type Machines = ReadonlyMap<string, Instance>;

/** The data volume of each node, protected, and their daily snapshots. Google Cloud encrypts every disk. */
export function declareVolumes(
  { spec, nameOf, labelsOf, describe, inside }: Parts,
  { protect }: { protect: boolean },
): Disk[] {
  const schedule = nameOf('snapshots');
  const policy = new ResourcePolicy(
    'snapshots',
    {
      ...{ name: schedule, region: spec.region, description: describe('snapshots') },
      snapshotSchedulePolicy: {
        schedule: { dailySchedule: { daysInCycle: 1, startTime: snapshotTime } },
        // Snapshots of a deleted volume expire like the others.
        retentionPolicy: { maxRetentionDays: snapshotDays, onSourceDiskDelete: 'APPLY_RETENTION_POLICY' },
        // Not the label that sweeps use: a snapshot outlives its volume.
        snapshotProperties: { labels: { 'freehold-snapshot-of': spec.instanceId } },
      },
    },
    inside(),
  );
  return spec.nodes.map(({ name, zone }) => {
    const resource = `volume-${name}`;
    const volume = new Disk(
      resource,
      { name: nameOf(resource), zone, size: spec.diskGib, type: 'pd-balanced', labels: labelsOf(resource) },
      inside({ protect, ignoreChanges: ['zone'] }),
    );
    new DiskResourcePolicyAttachment(
      linkOf('schedule', resource),
      { disk: volume.name, name: schedule, zone: volume.zone },
      inside({ dependsOn: [policy] }),
    );
    return volume;
  });
}

/**
 * Every machine of every node. The serving one has the node's reserved address if there is no load balancer; the others
 * use an ephemeral one for egress. A machine listed before the serving one has served before it and is off, so that its
 * volume is released in order. No machine has a service account, so none can get a token of the project, and we need no
 * right to act as any.
 */
export function declareMachines(
  { spec, nameOf, labelsOf, inside }: Parts,
  {
    network,
    reserved,
    after,
    args,
  }: {
    network: Network;
    reserved: Address[];
    after: Resource[];
    args: Pick<PrivateServerArgs, 'userData' | 'findImages'>;
  },
): Machines {
  let newest: Output<string> | undefined;
  const newestImage = () => {
    newest ??= findImage(inside());
    return newest;
  };
  const machines = new Map<string, Instance>();
  // The serving one comes last: it takes what the others have released.
  const inOrder = machinesOf(spec).sort((a, b) => Number(isServing(a)) - Number(isServing(b)));
  for (const { node, machine, key } of inOrder) {
    const resource = `host-${key}`;
    const serves = isServing({ node, machine });
    const siblings = serves ? [...machines].filter(([other]) => isOf(node, other)).map(([, each]) => each) : [];
    const image: Input<string> = machine.osImage ?? (args.findImages ? newestImage() : noImage);
    const address = spec.nodes.length === 1 && serves ? { natIp: reserved[0]!.address } : {};
    const instance = new Instance(
      resource,
      {
        ...{ name: nameOf(resource), zone: node.zone, machineType: machine.size, tags: [network.tag] },
        bootDisk: {
          autoDelete: true,
          initializeParams: {
            ...{ image, size: 16, type: 'pd-balanced' },
            labels: { 'freehold-root-of': spec.instanceId },
          },
        },
        networkInterfaces: [{ subnetwork: network.subnet.id, accessConfigs: [{ ...address, networkTier: 'PREMIUM' }] }],
        shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
        metadata: {
          'user-data': output(args.userData[key] ?? ''),
          ...{ 'enable-oslogin': 'TRUE', 'block-project-ssh-keys': 'TRUE', 'serial-port-enable': 'FALSE' },
        },
        allowStoppingForUpdate: true,
        desiredStatus: hasServed({ node, machine }) ? 'TERMINATED' : 'RUNNING',
        // A protected machine could not be deleted by the provider either, but suspension has to delete it; the data is
        // elsewhere.
        deletionProtection: false,
        labels: labelsOf(resource),
      },
      inside({
        dependsOn: [...after, ...siblings],
        deleteBeforeReplace: true,
        ignoreChanges: ['zone', 'attachedDisks', 'bootDisk.initializeParams.image', 'metadata["user-data"]'],
      }),
    );
    machines.set(key, instance);
  }
  return new Map(machinesOf(spec).map(({ key }) => [key, machines.get(key)!]));
}

type NodeMachine = Pick<ReturnType<typeof machinesOf>[number], 'node' | 'machine'>;
const isServing = ({ node, machine }: NodeMachine) => node.serving === machine.name;
const isOf = (node: ServerNode, key: string) => node.machines.some((machine) => machineKey(node, machine) === key);
const hasServed = ({ node, machine }: NodeMachine) =>
  node.machines.indexOf(machine) < node.machines.findIndex(({ name }) => name === node.serving);

/** The newest image of the operating system from its publisher. */
function findImage(options: { parent?: Resource }): Output<string> {
  const family = { project: 'ubuntu-os-cloud', family: 'ubuntu-2404-lts-amd64' };
  return getImageOutput(family, { parent: options.parent }).selfLink;
}

/** The machine of a node that has its volume and address; undefined if there is none. */
export function servingOf(node: ServerNode, machines: Machines): Instance | undefined {
  return node.serving === null ? undefined : machines.get(machineKey(node, { name: node.serving }));
}

/** Attaches each node's volume to its serving machine. */
export function attachVolumes({ spec, inside }: Parts, volumes: Disk[], machines: Machines): AttachedDisk[] {
  return spec.nodes.flatMap((node, index) => {
    const serving = servingOf(node, machines);
    if (!serving) return [];
    return new AttachedDisk(
      `attachment-${node.name}`,
      { deviceName: dataDeviceName, disk: volumes[index]!.id, instance: serving.id },
      inside({ deleteBeforeReplace: true }),
    );
  });
}
