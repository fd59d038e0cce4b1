import { join } from 'node:path';
import { all, ComponentResource, type CustomResourceOptions, output } from '@pulumi/pulumi';
import type { ReasonCode } from '../../contracts/reasons.ts';
import { type Machine, machineKey, type PrivateServerSpec } from '../../contracts/stack.ts';
import {
  type CloudStacks,
  machinesOf,
  type PrivateServerArgs,
  type PrivateServerOutputs,
  tagsOf,
} from '../private-server.ts';
import { localInventory } from './inventory.ts';
import { readLocalConsole } from './read-console.ts';
import { Address, DnsRecord, Host, Volume } from './resources.ts';
import { restartLocalMachine } from './restart-machine.ts';
import { localSnapshots } from './snapshots.ts';

const imageName = (version: string) => `freehold-server:${version}`;

/** Private server on the small cloud: address, volume and hosts per node, and a record per hostname. */
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

  const hosts = spec.nodes.flatMap(({ name, zone, machines, serving }, index) => {
    const declareHost = (machine: Machine, before: Host[]) => {
      const key = machineKey({ name }, machine);
      const resource = `host-${key}`;
      const serves = machine.name === serving;
      const args = {
        name: physical(key),
        region,
        zone,
        size: machine.size,
        image: imageName(machine.image),
        volumeId: serves ? volumes[index]!.id : undefined,
        addressId: serves ? addresses[index]!.id : undefined,
        userData: output(userData[key] ?? ''),
        tags: tagsOf(spec, resource),
      };
      const ignoreChanges = ['zone', 'image', 'userData'];
      const options = { dependsOn: [...records, ...before], ignoreChanges, deleteBeforeReplace: true };
      return new Host(resource, args, inside(options));
    };
    // The previous owner of volume and address releases them before the next one takes them.
    const others = machines.filter((machine) => machine.name !== serving).map((machine) => declareHost(machine, []));
    const servers = machines.filter((machine) => machine.name === serving);
    return [...others, ...servers.map((machine) => declareHost(machine, others))];
  });

  return {
    addresses: all(addresses.map(({ address }) => address)),
    volumeIds: all(volumes.map(({ id }) => id)),
    serverIds: all(hosts.map(({ id }) => id)),
    osImages: output<Record<string, string>>({}),
  };
}

/** The provider's messages begin with the small cloud's error code in brackets. */
const reasonByCode: Readonly<Record<string, ReasonCode>> = {
  quota: 'cloud_quota',
  capacity: 'cloud_capacity',
  name_taken: 'cloud_name_conflict',
  unauthorised: 'cloud_credentials_expired',
  unavailable: 'cloud_unavailable',
};

export const localStacks: CloudStacks = {
  checkSettings: () => undefined,
  declare,
  // The small cloud starts hosts without cloud-init: it writes the user data as the contract file.
  userDataOf: (contract) => JSON.stringify(contract),
  resourceCount: (spec: PrivateServerSpec) => spec.nodes.length * 2 + spec.hostnames.length + machinesOf(spec).length,
  typePrefix: 'freehold-local:',
  plugins: [{ name: 'freehold-local', path: join(import.meta.dirname, 'provider') }],
  inventory: localInventory,
  snapshots: localSnapshots,
  restartMachine: restartLocalMachine,
  readConsole: readLocalConsole,
  dailySnapshots: 'none',
  reasonOf(message) {
    const code = /\[cloud:([a-z_]+)\]/.exec(message)?.[1];
    return code ? (reasonByCode[code] ?? null) : null;
  },
};
