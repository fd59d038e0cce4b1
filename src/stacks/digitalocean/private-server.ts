import { all } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { cloudInit } from '../cloud-init/cloud-init.ts';
import { readHostSetup } from '../cloud-init/host-setup.ts';
import { type CloudStacks, machinesOf, type PrivateServerArgs, type PrivateServerOutputs } from '../private-server.ts';
import { declareAddresses, declareRecords } from './addresses.ts';
import { declareBalancer } from './balancer.ts';
import { digitaloceanReasonOf } from './errors.ts';
import { digitaloceanInventory } from './inventory.ts';
import { declareMachines, declareVolumes, linkServing } from './machines.ts';
import { declareNetwork } from './network.ts';
import { openParts } from './parts.ts';
import { restartDigitaloceanMachine } from './restart-machine.ts';
import { digitaloceanSettings } from './settings.ts';
import { digitaloceanSnapshots } from './snapshots.ts';

/** Private server on DigitalOcean, on one node with a reserved address or on three behind a load balancer. */
function declare({ spec, protect, env, ...args }: PrivateServerArgs): PrivateServerOutputs {
  const { FREEHOLD_DIGITALOCEAN_DOMAIN: domain } = digitaloceanSettings(env);
  const parts = openParts(spec);
  const network = declareNetwork(parts);
  const balancer = spec.nodes.length > 1 ? declareBalancer(parts, network) : null;
  const reserved = balancer ? [] : declareAddresses(parts, { domain });
  const addresses = balancer ? [balancer.ip] : reserved.map(({ ipAddress }) => ipAddress);
  const records = declareRecords(parts, { domain, address: addresses[0]! });
  const volumes = declareVolumes(parts, { protect });
  const machines = declareMachines(parts, { network, after: records, args });
  linkServing(parts, { volumes, addresses: reserved, machines });
  const images = [...machines].map(([key, { image }]) => image.apply((id) => [key, id] as const));
  return {
    addresses: all(addresses),
    volumeIds: all(volumes.map(({ id }) => id)),
    serverIds: all([...machines.values()].map(({ id }) => id)),
    osImages: all(images).apply((known) => Object.fromEntries(known)),
  };
}

/** Network, tag, firewall. */
const fixedResources = 3;

function resourceCount(spec: PrivateServerSpec): number {
  const serving = spec.nodes.filter((node) => node.serving !== null).length;
  // A load balancer, or a reserved address with its owner record and its assignment to the serving machine.
  const linkResources = spec.nodes.length > 1 ? 1 : 2 + serving;
  return (
    fixedResources + linkResources + spec.nodes.length + serving + spec.hostnames.length * 2 + machinesOf(spec).length
  );
}

export const digitaloceanStacks: CloudStacks = {
  checkSettings: (env) => void digitaloceanSettings(env),
  declare,
  userDataOf: (contract, variables) => cloudInit({ cloud: 'digitalocean', contract, setup: readHostSetup(variables) }),
  resourceCount,
  typePrefix: 'digitalocean:',
  // The engine finds the real provider itself.
  plugins: [],
  inventory: digitaloceanInventory,
  snapshots: digitaloceanSnapshots,
  restartMachine: restartDigitaloceanMachine,
  dailySnapshots: 'ours',
  reasonOf: digitaloceanReasonOf,
};
