import { join } from 'node:path';
import { all, ComponentResource, type CustomResourceOptions, output } from '@pulumi/pulumi';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { type CloudStacks, type PrivateServerArgs, type PrivateServerOutputs, tagsOf } from '../private-server.ts';
import { localInventory } from './inventory.ts';
import { Address, DnsRecord, Host, Volume } from './resources.ts';

const imageName = (version: string) => `freehold-server:${version}`;

/** Private server on the small cloud: an address, a volume and a host per node, and a record per hostname. */
function declare({ spec, userData, protect }: PrivateServerArgs): PrivateServerOutputs {
  const server = new ComponentResource('freehold:index:PrivateServer', spec.instanceId, {}, {});
  const inside = (options: CustomResourceOptions = {}): CustomResourceOptions => ({ parent: server, ...options });
  const { instanceId, region } = spec;
  const physical = (name: string) => `${instanceId}-${name}`;

  const addresses = spec.nodes.map(({ name }) => {
    const resource = `address-${name}`;
    return new Address(resource, { name: physical(name), region, tags: tagsOf(spec, resource) }, inside());
  });
  const [first] = addresses;
  if (!first) throw new Error('a server needs a node');

  const records = spec.hostnames.map((hostname) => {
    const resource = `record-${hostname}`;
    const args = { name: hostname, address: first.address, ttl: 60, tags: tagsOf(spec, resource) };
    return new DnsRecord(resource, args, inside());
  });

  const volumes = spec.nodes.map(({ name, zone }) => {
    const resource = `volume-${name}`;
    const args = { name: physical(name), region, zone, sizeGib: spec.diskGib, tags: tagsOf(spec, resource) };
    return new Volume(resource, args, inside({ protect, ignoreChanges: ['zone'] }));
  });

  const hosts = spec.nodes.map(({ name, zone }, index) => {
    const resource = `host-${name}`;
    const args = {
      name: physical(name),
      region,
      zone,
      size: spec.size,
      image: imageName(spec.image),
      volumeId: volumes[index]!.id,
      addressId: addresses[index]!.id,
      userData: output(userData[name] ?? ''),
      tags: tagsOf(spec, resource),
    };
    const options = { dependsOn: records, ignoreChanges: ['zone', 'image', 'userData'], deleteBeforeReplace: true };
    return new Host(resource, args, inside(options));
  });

  return {
    addresses: all(addresses.map(({ address }) => address)),
    hostnames: output(spec.hostnames),
    volumeIds: all(volumes.map(({ id }) => id)),
    serverIds: all(hosts.map(({ id }) => id)),
  };
}

/** The provider begins its messages with the small cloud's error code in brackets. */
const reasonByCode: Readonly<Record<string, ReasonCode>> = {
  quota: 'cloud_quota',
  capacity: 'cloud_capacity',
  name_taken: 'cloud_name_conflict',
  unauthorised: 'cloud_credentials_expired',
  unavailable: 'cloud_unavailable',
};

export const localStacks: CloudStacks = {
  declare,
  resourceCount: (spec: PrivateServerSpec) => spec.nodes.length * 3 + spec.hostnames.length,
  typePrefix: 'freehold-local:',
  plugins: [{ name: 'freehold-local', path: join(import.meta.dirname, 'provider') }],
  inventory: localInventory,
  reasonOf(message) {
    const code = /\[cloud:([a-z_]+)\]/.exec(message)?.[1];
    return code ? (reasonByCode[code] ?? null) : null;
  },
};
