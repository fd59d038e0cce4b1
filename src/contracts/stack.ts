import { z } from 'zod';
import { Drift, Seen } from './drift.ts';
import { Email } from './email.ts';
import { InstanceId } from './ids.ts';

export const CloudName = z.enum(['digitalocean', 'aws', 'gcp', 'azure', 'local']);
export type CloudName = z.infer<typeof CloudName>;

/** Part of physical names at every cloud, so short and plain. */
const PartName = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

/** A machine of a node; its name is part of its physical name, so that a new one can exist beside the old one. */
export const Machine = z.strictObject({
  name: PartName.max(16),
  /** Machine size as the cloud names it; another one resizes the machine in place. */
  size: z.string(),
  /** Product version whose image the machine runs; read only at its first boot. */
  image: z.string(),
  /** Id of the operating system's image at the cloud, from the outputs of the first `up`; null until then. */
  osImage: z.string().nullable(),
});
export type Machine = z.infer<typeof Machine>;

/**
 * A node of a server: a volume and an address, and the machine that serves with them. Both belong to the node, not to
 * the machine, so that machines can be replaced:
 *
 * - replacement, three times `up`: a second machine is created beside the first; then `serving` names it, and volume
 *   and address move; then the first one is removed from the list;
 * - suspension: no machine at all; volume, address and records are kept.
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
  adminEmail: Email,
  plan: z.string(),
  licenceId: z.string(),
  /** Generation of the enrolment; incremented by an operation that rebuilds a node without its state. */
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
  /** Whether an earlier attempt may have left resources: then recovery by tag runs first. */
  recover: z.boolean(),
  /** Whether the server has been delivered: then recovery deletes nothing, and imports what it finds. */
  delivered: z.boolean(),
  /**
   * Present for `destroy` alone: whether a snapshot of each data volume is made before anything is deleted, and is
   * kept until the end of a day (UTC); null where there is no customer data.
   */
  finalSnapshot: z.strictObject({ keepUntil: z.iso.date() }).nullable().optional(),
  /** Ids of resources that must exist after recovery: if one of them is missing, nothing is built. */
  requiredVolumeIds: z.array(z.string()).optional(),
  /** Whether volumes that an operator restored under the same logical names count as the required ones. */
  acceptRestored: z.boolean().optional(),
});
export type StackRequest = z.infer<typeof StackRequest>;

/** The outputs of a stack after `up`. */
export const StackOutputs = z.object({
  addresses: z.array(z.string()),
  volumeIds: z.array(z.string()),
  /** Ids of all machines. */
  serverIds: z.array(z.string()),
  /** The operating system's image of each machine, by `machineKey`; a later spec pins it. Empty on a cloud without. */
  osImages: z.record(z.string(), z.string()),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/** Identifies a machine within a server; the second half of its logical name. */
export function machineKey(node: Pick<ServerNode, 'name'>, machine: Pick<Machine, 'name'>): string {
  return `${node.name}-${machine.name}`;
}

/** One line of the runner's standard output. */
export const RunnerLine = z.discriminatedUnion('type', [
  /** A phase of the run: recover, enrol, import, up, refresh, preview-refresh, snapshot, destroy, sweep. */
  z.object({ type: z.literal('phase'), phase: z.string() }),
  /** A resource step, keyed by urn and op; `done` never decreases within one run. */
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
  /** Result of a drift check. */
  z.object({ type: z.literal('drift'), ...Drift.shape, ...Seen.shape }),
  /** The last line of a successful run. */
  z.object({ type: z.literal('result'), outputs: StackOutputs.nullable(), changes: z.record(z.string(), z.number()) }),
  /** The last line of a failed run. */
  z.object({ type: z.literal('failure'), reason: z.string(), detail: z.string(), tail: z.array(z.string()) }),
]);
export type RunnerLine = z.infer<typeof RunnerLine>;
