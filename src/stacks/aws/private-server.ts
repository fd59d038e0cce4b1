import { EipAssociation } from '@pulumi/aws/ec2/eipAssociation.js';
import { all } from '@pulumi/pulumi';
import { hostPorts } from '../../contracts/host-contract.ts';
import type { PrivateServerSpec } from '../../contracts/stack.ts';
import { cloudInit } from '../cloud-init/cloud-init.ts';
import { readHostSetup } from '../cloud-init/host-setup.ts';
import { type CloudStacks, machinesOf, type PrivateServerArgs, type PrivateServerOutputs } from '../private-server.ts';
import { declareAddresses } from './addresses.ts';
import { balancedServices, balancerResources, declareBalancer } from './balancer.ts';
import { awsReasonOf } from './errors.ts';
import { declareIdentity } from './identity.ts';
import { awsInventory } from './inventory.ts';
import { attachVolumes, declareMachines, declareVolumes, servingOf } from './machines.ts';
import { declareNetwork } from './network.ts';
import { openParts } from './parts.ts';
import { readAwsConsole } from './read-console.ts';
import { restartAwsMachine } from './restart-machine.ts';
import { awsSettings } from './settings.ts';
import { awsSnapshots } from './snapshots.ts';

/** Private server on AWS, on one node or on three behind a load balancer, in its own network. */
function declare({ spec, protect, env, ...args }: PrivateServerArgs): PrivateServerOutputs {
  const { FREEHOLD_AWS_HOSTED_ZONE_ID: zoneId, FREEHOLD_AWS_PERMISSIONS_BOUNDARY: boundary } = awsSettings(env);
  const parts = openParts(spec);
  const { eips, records } = declareAddresses(parts, { zoneId });
  const network = declareNetwork(parts);
  const identity = declareIdentity(parts, { boundary });
  const volumes = declareVolumes(parts, { protect, snapshotRole: identity.snapshotRole });
  const machines = declareMachines(parts, { network, identity, after: records, args });
  attachVolumes(parts, volumes, machines);
  if (spec.nodes.length > 1) {
    declareBalancer(parts, { network, eips, machines });
  } else {
    for (const [index, node] of spec.nodes.entries()) {
      const serving = servingOf(node, machines);
      if (!serving) continue;
      const link = { allocationId: eips[index]!.id, instanceId: serving.id };
      new EipAssociation(`association-${node.name}`, link, parts.inside({ deleteBeforeReplace: true }));
    }
  }
  const images = [...machines].map(([key, { ami }]) => ami.apply((id) => [key, id] as const));
  return {
    addresses: all(eips.map(({ publicIp }) => publicIp)),
    volumeIds: all(volumes.map(({ id }) => id)),
    serverIds: all([...machines.values()].map(({ id }) => id)),
    osImages: all(images).apply((known) => Object.fromEntries(known)),
  };
}

/** Network, gateway, routes, firewall with its rules, two roles with their policies, profile, snapshots. */
const fixedResources = 3 + 1 + hostPorts.length + 1 + 5 + 1;
/** Address, subnet, volume. */
const nodeResources = 3;

function resourceCount(spec: PrivateServerSpec): number {
  const serving = spec.nodes.filter((node) => node.serving !== null).length;
  const links = spec.nodes.length > 1 ? balancerResources + serving * (2 + balancedServices) : serving * 3;
  return (
    fixedResources + spec.nodes.length * nodeResources + spec.hostnames.length * 2 + machinesOf(spec).length + links
  );
}

export const awsStacks: CloudStacks = {
  checkSettings: (env) => void awsSettings(env),
  declare,
  userDataOf: (contract, variables) => cloudInit({ cloud: 'aws', contract, setup: readHostSetup(variables) }),
  resourceCount,
  typePrefix: 'aws:',
  // The engine finds the real provider itself.
  plugins: [],
  inventory: awsInventory,
  snapshots: awsSnapshots,
  restartMachine: restartAwsMachine,
  readConsole: readAwsConsole,
  dailySnapshots: 'schedule',
  reasonOf: awsReasonOf,
};
