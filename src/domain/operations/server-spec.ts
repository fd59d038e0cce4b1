import type { AppliedServer, DesiredServer } from '../../contracts/desired-server.ts';
import {
  type CloudName,
  type Machine,
  machineKey,
  type PrivateServerSpec,
  type StackOutputs,
} from '../../contracts/stack.ts';
import { hostnamesOf } from './desired-server.ts';

/** The part of an instance record that determines its stack. */
export interface ServerRecord {
  _id: string;
  cloud: CloudName;
  region: string;
  desired: DesiredServer;
  /** Absent until the first `up` succeeded. */
  applied?: AppliedServer | undefined;
}

/**
 * The stack spec of an instance: from `applied`, or from `desired` before the first `up`. Later differences between the
 * two are applied in steps: see `planChange`.
 */
export function specFrom({ _id, cloud, region, desired, applied }: ServerRecord): PrivateServerSpec {
  return { instanceId: _id, cloud, region, ...(applied ?? firstBuilt(desired)) };
}

/** The `applied` record after a successful `up` of this spec. */
export function appliedFrom(
  { nodes, hostnames, diskGib, tags }: PrivateServerSpec,
  { osImages }: Pick<StackOutputs, 'osImages'>,
): AppliedServer {
  const pinned = nodes.map((node) => ({
    ...node,
    machines: node.machines.map((machine) => ({
      ...machine,
      osImage: machine.osImage ?? osImages[machineKey(node, machine)] ?? null,
    })),
  }));
  return { nodes: pinned, hostnames, diskGib, tags };
}

/** The product version of a server: that of the serving machine, or of the one to be built. */
export function versionOf({ desired, applied }: Pick<ServerRecord, 'desired' | 'applied'>): string {
  const [node] = applied?.nodes ?? [];
  return node?.machines.find(({ name }) => name === node.serving)?.image ?? desired.image;
}

function firstBuilt(desired: DesiredServer): AppliedServer {
  const { size, image, diskGib, tags } = desired;
  const machine: Machine = { name: 'm1', size, image, osImage: null };
  return {
    nodes: desired.nodes.map((node) => ({ ...node, machines: [machine], serving: machine.name })),
    hostnames: hostnamesOf(desired),
    diskGib,
    tags: { ...tags },
  };
}
