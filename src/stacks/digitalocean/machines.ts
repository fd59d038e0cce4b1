import { Droplet } from '@pulumi/digitalocean/droplet.js';
import { getImageOutput } from '@pulumi/digitalocean/getImage.js';
import type { ReservedIp } from '@pulumi/digitalocean/reservedIp.js';
import { ReservedIpAssignment } from '@pulumi/digitalocean/reservedIpAssignment.js';
import { Volume } from '@pulumi/digitalocean/volume.js';
import { VolumeAttachment } from '@pulumi/digitalocean/volumeAttachment.js';
import { type Input, type Output, output, type Resource } from '@pulumi/pulumi';
import { machineKey, type ServerNode } from '../../contracts/stack.ts';
import { machinesOf, type PrivateServerArgs } from '../private-server.ts';
import type { Network } from './network.ts';
import type { Parts } from './parts.ts';

const systemSlug = 'ubuntu-24-04-x64';
/**
 * Placeholder where looking up an image is not allowed; never used, because changes of a machine's image are ignored.
 */
const noImage = 'pinned';

/** Machines by their keys. */
export type Machines = ReadonlyMap<string, Droplet>;

/** The data volume of each node, protected; DigitalOcean encrypts every volume. */
export function declareVolumes({ spec, nameOf, tagsOf, inside }: Parts, { protect }: { protect: boolean }): Volume[] {
  return spec.nodes.map(({ name }) => {
    const resource = `volume-${name}`;
    return new Volume(
      resource,
      { name: nameOf(resource), region: spec.region, size: spec.diskGib, tags: tagsOf(resource) },
      inside({ protect, ignoreChanges: ['region', 'name'] }),
    );
  });
}

/** Every machine of every node. */
export function declareMachines(
  { spec, nameOf, tagsOf, inside }: Parts,
  {
    network,
    after,
    args,
  }: { network: Network; after: Resource[]; args: Pick<PrivateServerArgs, 'userData' | 'findImages'> },
): Machines {
  let newest: Output<string> | undefined;
  const newestImage = () => {
    newest ??= getImageOutput({ slug: systemSlug }, { parent: inside().parent }).id.apply(String);
    return newest;
  };
  return new Map(
    machinesOf(spec).map(({ machine, key }) => {
      const resource = `host-${key}`;
      const image: Input<string> = machine.osImage ?? (args.findImages ? newestImage() : noImage);
      const droplet = new Droplet(
        resource,
        {
          ...{ name: nameOf(resource), region: spec.region, size: machine.size, image, vpcUuid: network.vpc.id },
          // The disk keeps its size, so that a larger machine can be made smaller again.
          resizeDisk: false,
          monitoring: true,
          // The agent would allow console sign-in.
          dropletAgent: false,
          gracefulShutdown: true,
          userData: output(args.userData[key] ?? ''),
          tags: tagsOf(resource),
        },
        inside({ dependsOn: [...after, network.tag], ignoreChanges: ['image', 'userData', 'region'] }),
      );
      return [key, droplet];
    }),
  );
}

/** Attaches each node's volume, and its address if it has its own, to its serving machine. */
export function linkServing(
  { spec, inside }: Parts,
  { volumes, addresses, machines }: { volumes: Volume[]; addresses: ReservedIp[]; machines: Machines },
): void {
  for (const [index, node] of spec.nodes.entries()) {
    const serving = servingOf(node, machines);
    if (!serving) continue;
    const dropletId = serving.id.apply(Number);
    const options = inside({ deleteBeforeReplace: true });
    new VolumeAttachment(`attachment-${node.name}`, { dropletId, volumeId: volumes[index]!.id }, options);
    const address = addresses[index];
    if (!address) continue;
    new ReservedIpAssignment(`association-${node.name}`, { dropletId, ipAddress: address.ipAddress }, options);
  }
}

/** The machine of a node that has its volume and address; undefined if there is none. */
function servingOf(node: ServerNode, machines: Machines): Droplet | undefined {
  return node.serving === null ? undefined : machines.get(machineKey(node, { name: node.serving }));
}
