import { all } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { cloudInit } from '../cloud-init/cloud-init.ts';
import { readHostSetup } from '../cloud-init/host-setup.ts';
import { type CloudStacks, machinesOf, type PrivateServerArgs, type PrivateServerOutputs } from '../private-server.ts';
import { declareAddresses } from './addresses.ts';
import { balancerResources, declareBalancer } from './balancer.ts';
import { gcpReasonOf } from './errors.ts';
import { gcpInventory } from './inventory.ts';
import { attachVolumes, declareMachines, declareVolumes } from './machines.ts';
import { declareNetwork } from './network.ts';
import { openParts } from './parts.ts';
import { readGcpConsole } from './read-console.ts';
import { restartGcpMachine } from './restart-machine.ts';
import { gcpSettings } from './settings.ts';
import { gcpSnapshots } from './snapshots.ts';

/** Private server on Google Cloud, on one node or on three behind a load balancer, in its own network. */
function declare({ spec, protect, env, ...args }: PrivateServerArgs): PrivateServerOutputs {
  const { GOOGLE_PROJECT: project, FREEHOLD_GCP_MANAGED_ZONE: managedZone } = gcpSettings(env);
  const parts = openParts(spec, { project });
  const { reserved, records } = declareAddresses(parts, { managedZone });
  const network = declareNetwork(parts);
  const volumes = declareVolumes(parts, { protect });
  const machines = declareMachines(parts, { network, reserved, after: records, args });
  attachVolumes(parts, volumes, machines);
  if (spec.nodes.length > 1) declareBalancer(parts, { network, address: reserved[0]!, machines });
  const images = [...machines].map(([key, { bootDisk }]) =>
    bootDisk.apply(({ initializeParams }) => [key, initializeParams?.image ?? ''] as const),
  );
  return {
    addresses: all(reserved.map(({ address }) => address)),
    volumeIds: all(volumes.map(({ id }) => id)),
    serverIds: all([...machines.values()].map(({ id }) => id)),
    osImages: all(images).apply((known) => Object.fromEntries(known)),
  };
}

/** Network, subnet, firewall, snapshots. */
const fixedResources = 4;
/** Volume and its schedule. */
const nodeResources = 2;

function resourceCount(spec: PrivateServerSpec): number {
  const serving = spec.nodes.filter((node) => node.serving !== null).length;
  // With a load balancer, the address is counted there.
  const reach = spec.nodes.length > 1 ? balancerResources + spec.nodes.length + serving : 1;
  const records = spec.hostnames.length * 2;
  return fixedResources + spec.nodes.length * nodeResources + reach + records + machinesOf(spec).length + serving;
}

export const gcpStacks: CloudStacks = {
  checkSettings: (env) => void gcpSettings(env),
  declare,
  userDataOf: (contract, variables) => cloudInit({ cloud: 'gcp', contract, setup: readHostSetup(variables) }),
  resourceCount,
  typePrefix: 'gcp:',
  // The engine finds the real provider itself.
  plugins: [],
  inventory: gcpInventory,
  snapshots: gcpSnapshots,
  restartMachine: restartGcpMachine,
  readConsole: readGcpConsole,
  dailySnapshots: 'schedule',
  reasonOf: gcpReasonOf,
};
