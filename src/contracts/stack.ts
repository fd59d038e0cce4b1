import { z } from 'zod';
import { Drift, Seen } from './drift.ts';
import { InstanceId } from './ids.ts';

export const CloudName = z.enum(['digitalocean', 'aws', 'gcp', 'azure', 'local']);
export type CloudName = z.infer<typeof CloudName>;

/** Part of physical names at every cloud, so short and plain. */
const PartName = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

/** A machine that a node has; its name is part of its physical name, so a new one can stand beside the old one. */
export const Machine = z.strictObject({
  name: PartName.max(16),
  /** As the cloud names it; another one changes the machine in place. */
  size: z.string(),
  /** Product version whose image the machine runs; read at its first boot alone. */
  image: z.string(),
  /** Id of the operating system's image at the cloud, as the outputs of the first `up` told; null until then. */
  osImage: z.string().nullable(),
});
export type Machine = z.infer<typeof Machine>;

/**
 * A place of a server: a volume and an address, and the machine that serves with them. Both belong to the node, not to
 * the machine, so machines come and go under them:
 *
 * - another machine, three times `up`: a second one beside the first; then `serving` names it, and volume and address
 *   move; then the first one is no more in the list;
 * - suspended: no machine at all; volume, address and records stay.
 */
export const ServerNode = z
  .strictObject({
    name: PartName.max(32),
    zone: z.string(),
    machines: z.array(Machine),
    /** Name of the machine that has the volume and the address. */
    serving: z.string().nullable(),
  })
  .refine(({ machines }) => new Set(machines.map(({ name }) => name)).size === machines.length, 'machines share a name')
  .refine(
    ({ machines, serving }) => serving === null || machines.some(({ name }) => name === serving),
    'the serving machine is none of the node',
  );
export type ServerNode = z.infer<typeof ServerNode>;

/** The part of a private server that its stack builds; names, zone and image are explicit and pinned. */
export const PrivateServerSpec = z.strictObject({
  instanceId: InstanceId,
  cloud: CloudName,
  region: z.string(),
  diskGib: z.number().int().positive(),
  hostnames: z.array(z.string()).min(1),
  /** One node, or three in three zones behind a load balancer. */
  nodes: z.array(ServerNode).refine(({ length }) => length === 1 || length === 3, 'one node or three'),
  tags: z.record(z.string(), z.string()),
});
export type PrivateServerSpec = z.infer<typeof PrivateServerSpec>;

/** What the runner needs beside the spec to write the host contract; read from the database, never from Temporal. */
export const HostIdentity = z.strictObject({
  adminEmail: z.email(),
  plan: z.string(),
  licenceId: z.string(),
  /** Generation of the enrolment; raised by an operation that rebuilds a node without its state. */
  enrolmentGeneration: z.number().int().nonnegative(),
});
export type HostIdentity = z.infer<typeof HostIdentity>;

/** One Pulumi operation, given to the runner as one JSON document on its standard input. */
export const StackRequest = z.strictObject({
  /** `preview-refresh` compares the state with the cloud and changes neither. */
  kind: z.enum(['up', 'refresh', 'preview-refresh', 'destroy']),
  stack: z.string(),
  spec: PrivateServerSpec,
  /** Present for `up` alone; the others never call the licence server. */
  identity: HostIdentity.optional(),
  /** Whether an earlier attempt may have left something: then recovery by tag runs first. */
  recover: z.boolean(),
  /** Whether the instance is a customer's by now: then recovery deletes nothing, and takes over what it finds. */
  delivered: z.boolean(),
  /**
   * Present for `destroy` alone: whether a snapshot of each data volume is made before anything goes, and stays until the
   * end of a day (UTC); null where there is nothing of a customer's.
   */
  finalSnapshot: z.strictObject({ keepUntil: z.iso.date() }).nullable().optional(),
  /** Ids of what must be there when recovery has looked: without one of them nothing is built. */
  requiredVolumeIds: z.array(z.string()).optional(),
});
export type StackRequest = z.infer<typeof StackRequest>;

/** What a stack answers when it is up. */
export const StackOutputs = z.object({
  addresses: z.array(z.string()),
  volumeIds: z.array(z.string()),
  /** Ids of all machines. */
  serverIds: z.array(z.string()),
  /** The operating system's image of each machine, by `machineKey`; a later spec pins it. Empty on a cloud without. */
  osImages: z.record(z.string(), z.string()),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/** Names a machine among all of a server, and is the second half of its logical name. */
export function machineKey(node: Pick<ServerNode, 'name'>, machine: Pick<Machine, 'name'>): string {
  return `${node.name}-${machine.name}`;
}

/** One line of the runner's standard output. */
export const RunnerLine = z.discriminatedUnion('type', [
  /** A phase of the run: recover, enrol, import, up, refresh, preview-refresh, snapshot, destroy, sweep. */
  z.object({ type: z.literal('phase'), phase: z.string() }),
  /** A resource step, keyed by urn and op; `done` never falls within one run. */
  z.object({
    type: z.literal('resource'),
    name: z.string(),
    kind: z.string(),
    op: z.string(),
    status: z.enum(['started', 'done', 'failed']),
    done: z.number().int(),
    total: z.number().int(),
  }),
  /** A diagnostic of the engine, already free of secrets. */
  z.object({ type: z.literal('log'), severity: z.enum(['info', 'warning', 'error']), text: z.string() }),
  /** What a look found. */
  z.object({ type: z.literal('drift'), ...Drift.shape, ...Seen.shape }),
  /** The last line of a run that ended well. */
  z.object({ type: z.literal('result'), outputs: StackOutputs.nullable(), changes: z.record(z.string(), z.number()) }),
  /** The last line of a run that failed. */
  z.object({ type: z.literal('failure'), reason: z.string(), detail: z.string(), tail: z.array(z.string()) }),
]);
export type RunnerLine = z.infer<typeof RunnerLine>;
