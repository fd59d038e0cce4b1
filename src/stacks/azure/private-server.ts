import { all } from '@pulumi/pulumi';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { cloudInit } from '../cloud-init/cloud-init.ts';
import { readHostSetup } from '../cloud-init/host-setup.ts';
import { type CloudStacks, machinesOf, type PrivateServerArgs, type PrivateServerOutputs } from '../private-server.ts';
import { declareAddress, declareRecords } from './addresses.ts';
import { declareBalancer } from './balancer.ts';
import { azureReasonOf } from './errors.ts';
import { azureInventory } from './inventory.ts';
import { declareMachines, imageOf } from './machines.ts';
import { declareNetwork } from './network.ts';
import { openParts } from './parts.ts';
import { readAzureConsole } from './read-console.ts';
import { restartAzureMachine } from './restart-machine.ts';
import { azureSettings } from './settings.ts';
import { azureSnapshots } from './snapshots.ts';
import { declareVolumes } from './volumes.ts';

/**
 * Private server on Azure, on one node or on three behind a load balancer, in its own resource group. No image is
 * looked up: a machine without a pinned image is created from the newest one and reports its version.
 */
function declare({ spec, protect, env, userData }: PrivateServerArgs): PrivateServerOutputs {
  const parts = openParts(spec, azureSettings(env));
  const isCluster = spec.nodes.length > 1;
  // Always one address: a balancer has it in all zones, a single node in its own.
  const [{ name, zone }] = spec.nodes as [PrivateServerSpec['nodes'][number]];
  const address = isCluster
    ? declareAddress(
        parts,
        'address',
        spec.nodes.map((node) => node.zone),
      )
    : declareAddress(parts, `address-${name}`, [zone]);
  const ipAddress = address.ipAddress.apply((text) => text ?? '');
  const after = declareRecords(parts, ipAddress);
  const subnet = declareNetwork(parts);
  const volumes = declareVolumes(parts, { protect });
  const pool = isCluster ? declareBalancer(parts, address) : null;
  const machines = new Map(
    spec.nodes.flatMap((node, index) => {
      const servingParts = { volume: volumes[index]!, address: isCluster ? null : address, pool };
      return [...declareMachines(parts, { node, servingParts, subnet, after, userData })];
    }),
  );
  const images = [...machines].map(([key, machine]) => imageOf(machine).apply((image) => [key, image] as const));
  return {
    addresses: all([ipAddress]),
    volumeIds: all(volumes.map(({ id }) => id)),
    serverIds: all([...machines.values()].map(({ id }) => id)),
    osImages: all(images).apply((known) => Object.fromEntries(known)),
  };
}

/** Group, network, subnet, firewall, the server's address. */
const fixedResources = 5;

function resourceCount(spec: PrivateServerSpec): number {
  const isCluster = spec.nodes.length > 1;
  const machines = machinesOf(spec);
  const withAddress = isCluster ? 0 : spec.nodes.filter(({ serving }) => serving !== null).length;
  const ways = machines.length - withAddress;
  // A volume and its snapshots per node, a network interface per machine.
  return (
    fixedResources + spec.nodes.length * 2 + spec.hostnames.length + machines.length * 2 + ways + (isCluster ? 1 : 0)
  );
}

export const azureStacks: CloudStacks = {
  checkSettings: (env) => void azureSettings(env),
  declare,
  userDataOf: (contract, variables) => cloudInit({ cloud: 'azure', contract, setup: readHostSetup(variables) }),
  resourceCount,
  typePrefix: 'azure-native:',
  // The engine finds the real provider itself.
  plugins: [],
  inventory: azureInventory,
  snapshots: azureSnapshots,
  restartMachine: restartAzureMachine,
  readConsole: readAzureConsole,
  dailySnapshots: 'schedule',
  reasonOf: azureReasonOf,
};
