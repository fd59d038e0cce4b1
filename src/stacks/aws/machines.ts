import { LifecyclePolicy } from '@pulumi/aws/dlm/lifecyclePolicy.js';
import { Volume } from '@pulumi/aws/ebs/volume.js';
import { getAmiOutput } from '@pulumi/aws/ec2/getAmi.js';
import { Instance } from '@pulumi/aws/ec2/instance.js';
import { VolumeAttachment } from '@pulumi/aws/ec2/volumeAttachment.js';
import { InstanceState } from '@pulumi/aws/ec2transitgateway/instanceState.js';
import { type Input, type Output, output, type Resource } from '@pulumi/pulumi';
import { machineKey, type ServerNode } from '../../contracts/stack.ts';
import { dailySnapshotDays } from '../../domain/fleet/snapshots.ts';
import { machinesOf, type PrivateServerArgs } from '../private-server.ts';
import { snapshotOfTag } from '../snapshot-tags.ts';
import type { Identity } from './identity.ts';
import type { Network } from './network.ts';
import type { Parts } from './parts.ts';
import { imageOwner } from './permissions.ts';

const snapshotTime = '02:00';
/**
 * Placeholder where looking up an image is not allowed; never used, because changes of a machine's image are ignored.
 */
const noImage = 'ami-pinned';
/** Attached volumes are found by their serial number; the device name only has to be free. */
const dataDevice = '/dev/sdf';

/** Machines by their keys. */
export type Machines = ReadonlyMap<string, Instance>;

/** The data volume of each node, encrypted and protected, and their daily snapshots. */
export function declareVolumes(
  { spec, nameOf, tagsOf, inside }: Parts,
  { protect, snapshotRole }: { protect: boolean; snapshotRole: Output<string> },
): Volume[] {
  const volumes = spec.nodes.map(({ name, zone }) => {
    const resource = `volume-${name}`;
    return new Volume(
      resource,
      { availabilityZone: zone, size: spec.diskGib, type: 'gp3', encrypted: true, tags: tagsOf(resource) },
      inside({ protect, ignoreChanges: ['availabilityZone'] }),
    );
  });
  new LifecyclePolicy(
    'snapshots',
    {
      description: nameOf('snapshots'),
      executionRoleArn: snapshotRole,
      state: 'ENABLED',
      policyDetails: {
        resourceTypes: ['VOLUME'],
        targetTags: { 'freehold:instance': spec.instanceId },
        schedules: [
          {
            name: 'daily',
            createRule: { interval: 24, intervalUnit: 'HOURS', times: snapshotTime },
            retainRule: { count: dailySnapshotDays },
            copyTags: false,
            // Not the tag that sweeps use: a snapshot outlives its volume.
            tagsToAdd: { [snapshotOfTag]: spec.instanceId },
          },
        ],
      },
      tags: tagsOf('snapshots'),
    },
    inside(),
  );
  return volumes;
}

/** Every machine of every node, in its node's subnet. */
export function declareMachines(
  { spec, tagsOf, inside, nameOf }: Parts,
  {
    network,
    identity,
    after,
    args,
  }: {
    network: Network;
    identity: Identity;
    after: Resource[];
    args: Pick<PrivateServerArgs, 'userData' | 'findImages'>;
  },
): Machines {
  let newest: Output<string> | undefined;
  const newestImage = () => {
    newest ??= findImage(inside());
    return newest;
  };
  return new Map(
    machinesOf(spec).map(({ node, machine, key }) => {
      const resource = `host-${key}`;
      const image: Input<string> = machine.osImage ?? (args.findImages ? newestImage() : noImage);
      const instance = new Instance(
        resource,
        {
          ami: image,
          instanceType: machine.size,
          subnetId: network.subnets[spec.nodes.indexOf(node)]!.id,
          vpcSecurityGroupIds: [network.securityGroup.id],
          iamInstanceProfile: identity.profile,
          // Egress while no address is associated, above all at the first boot.
          associatePublicIpAddress: true,
          metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
          rootBlockDevice: {
            ...{ encrypted: true, volumeType: 'gp3', volumeSize: 16, deleteOnTermination: true },
            tags: { 'freehold:root-of': spec.instanceId, Name: nameOf(resource) },
          },
          // Protects against mistakes in the console; the stack itself may still remove the machine.
          disableApiTermination: true,
          forceDestroy: true,
          maintenanceOptions: { autoRecovery: 'default' },
          userData: output(args.userData[key] ?? ''),
          tags: tagsOf(resource),
        },
        inside({ dependsOn: after, ignoreChanges: ['ami', 'userData', 'associatePublicIpAddress', 'subnetId'] }),
      );
      return [key, instance];
    }),
  );
}

/**
 * The newest image of the operating system from its publisher; without `owners` somebody else's newer one could win.
 */
function findImage(options: { parent?: Resource }): Output<string> {
  const found = getAmiOutput(
    {
      owners: [imageOwner],
      mostRecent: true,
      filters: [
        { name: 'name', values: ['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*'] },
        { name: 'state', values: ['available'] },
      ],
    },
    { parent: options.parent },
  );
  return found.id;
}

/** The machine of a node that has its volume and address; undefined if there is none. */
export function servingOf(node: ServerNode, machines: Machines): Instance | undefined {
  return node.serving === null ? undefined : machines.get(machineKey(node, { name: node.serving }));
}

/**
 * Attaches each node's volume to its serving machine. The previous machine is stopped first, so the new one is started:
 * an earlier move may have stopped it.
 */
export function attachVolumes({ spec, inside }: Parts, volumes: Volume[], machines: Machines): VolumeAttachment[] {
  return spec.nodes.flatMap((node, index) => {
    const serving = servingOf(node, machines);
    if (!serving) return [];
    const link = { deviceName: dataDevice, volumeId: volumes[index]!.id, instanceId: serving.id };
    const attachment = new VolumeAttachment(
      `attachment-${node.name}`,
      { ...link, stopInstanceBeforeDetaching: true },
      inside({ deleteBeforeReplace: true }),
    );
    const desired = { instanceId: serving.id, state: 'running' };
    new InstanceState(`power-${node.name}`, desired, inside({ dependsOn: attachment }));
    return attachment;
  });
}
