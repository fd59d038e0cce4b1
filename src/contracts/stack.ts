import { z } from 'zod';
import { InstanceId } from './ids.ts';

export const CloudName = z.enum(['digitalocean', 'aws', 'gcp', 'azure', 'local']);
export type CloudName = z.infer<typeof CloudName>;

/** The part of a private server that its stack builds; names, zone and image are explicit and pinned. */
export const PrivateServerSpec = z.strictObject({
  instanceId: InstanceId,
  cloud: CloudName,
  region: z.string(),
  /** Machine size as the cloud names it. */
  size: z.string(),
  diskGib: z.number().int().positive(),
  /** Product version whose image the host runs. */
  image: z.string(),
  hostnames: z.array(z.string()).min(1),
  /** One node, or three in three zones. */
  nodes: z.array(z.strictObject({ name: z.string(), zone: z.string() })).min(1),
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
  kind: z.enum(['up', 'refresh', 'destroy']),
  stack: z.string(),
  spec: PrivateServerSpec,
  /** Present for `up` alone; refresh and destroy never call the licence server. */
  identity: HostIdentity.optional(),
  /** Whether an earlier attempt may have left something: then recovery by tag runs first. */
  recover: z.boolean(),
  /** Whether the instance is a customer's by now: then recovery deletes nothing, and takes over what it finds. */
  pivotBehind: z.boolean(),
});
export type StackRequest = z.infer<typeof StackRequest>;

/** What a stack answers when it is up. */
export const StackOutputs = z.object({
  addresses: z.array(z.string()),
  hostnames: z.array(z.string()),
  volumeIds: z.array(z.string()),
  serverIds: z.array(z.string()),
});
export type StackOutputs = z.infer<typeof StackOutputs>;

/** One line of the runner's standard output. */
export const RunnerLine = z.discriminatedUnion('type', [
  /** A phase of the run: recover, enrol, import, up, refresh, destroy, sweep. */
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
  /** The last line of a run that ended well. */
  z.object({ type: z.literal('result'), outputs: StackOutputs.nullable(), changes: z.record(z.string(), z.number()) }),
  /** The last line of a run that failed. */
  z.object({ type: z.literal('failure'), reason: z.string(), detail: z.string(), tail: z.array(z.string()) }),
]);
export type RunnerLine = z.infer<typeof RunnerLine>;
