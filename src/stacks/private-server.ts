import type { Input, Output } from '@pulumi/pulumi';
import type { HostContract } from '../contracts/host-contract.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import { type Machine, machineKey, type PrivateServerSpec, type ServerNode } from '../contracts/stack.ts';
import type { SnapshotFacts, SnapshotPurpose } from '../domain/fleet/snapshots.ts';
import type { HostVariables } from './cloud-init/host-setup.ts';

/**
 * The component's contract: inputs and outputs of a private server's stack, the same on every cloud.
 *
 * Every implementation builds, in this order: reserved address, DNS records (TTL 60), protected data volume, hosts.
 * Names are derived from the instance id, everything carries the tags `freehold:instance` and `freehold:resource` from
 * its create call on, zone and image are pinned at first and ignored afterwards, as is the user data, which only a
 * first boot reads. A node's volume and address are attached to its serving machine, and to nothing while there is
 * none.
 */
export interface PrivateServerArgs {
  spec: PrivateServerSpec;
  /** User data of each machine by its `machineKey`; the caller makes it a secret. */
  userData: Readonly<Record<string, Input<string>>>;
  /** Whether the engine refuses to delete the data volumes; false only for the program of a destroy. */
  protect: boolean;
  /**
   * Whether the program may query the cloud, for instance for the newest image of the operating system. False for
   * refresh and destroy, which work on existing objects and must not fail for other reasons.
   */
  findImages: boolean;
  /** The installation's configuration for this cloud. */
  env: NodeJS.ProcessEnv;
}

export interface PrivateServerOutputs {
  addresses: Output<string[]>;
  volumeIds: Output<string[]>;
  serverIds: Output<string[]>;
  osImages: Output<Record<string, string>>;
}

/** An object at the cloud that carries the tag of an instance. */
export interface TaggedObject {
  /** Id as in the stack's state. */
  id: string;
  kind: string;
  /** Value of the tag `freehold:resource`: the logical name in the stack; empty if the tag is missing. */
  resource: string;
  /** Region as listed, for clouds that need it for the removal. */
  region?: string;
  /** Its role, the same on every cloud. */
  role: 'host' | 'volume' | 'record' | 'other';
}

/** One of any instance. */
export interface OwnedObject extends TaggedObject {
  /** Value of the tag `freehold:instance`. */
  instanceId: string;
  /** Ms since the epoch. */
  createdAt: number;
}

/** All objects at the cloud, independent of any state. */
export interface Inventory {
  /** How long the cloud may keep a new object out of its lists, ms; until then an empty list proves nothing. */
  listingLagMs: number;
  /** Objects of an instance in its region, in an order in which they can be removed. */
  list(instance: { instanceId: string; region: string }): Promise<TaggedObject[]>;
  /**
   * Objects in a region without any owner, on a cloud where a kind cannot carry tags: left by an attempt whose create
   * was never answered. Called only by those who may remove them; absent if everything names its owner.
   */
  listUnowned?(region: string, signal: AbortSignal): Promise<TaggedObject[]>;
  /** All objects with the tag of any instance, in an order in which they can be removed. */
  listAll(): Promise<OwnedObject[]>;
  /** Removes one; a missing object is a success. */
  remove(object: TaggedObject): Promise<void>;
  close(): void;
}

/** A data volume that can be snapshotted. */
export interface DataVolume {
  /** As in the stack's state. */
  id: string;
  /** Its logical name. */
  resource: string;
}

/** A snapshot of a data volume that we took. */
export interface VolumeSnapshot extends SnapshotFacts {
  instanceId: string;
  /** Region as listed, for clouds that need it for the removal. */
  region?: string;
}

/**
 * Snapshots of data volumes that we take ourselves, through the cloud's own API. They are in no stack, so they outlive
 * it, and carry other tags than those that sweeps use: `snapshotTagsOf`. Throws the reasons of the cloud.
 */
export interface Snapshots {
  /** Pause between two reads of a snapshot in progress, ms. */
  pauseMs: number;
  /** Those of an instance in its region, or of any. */
  list(instance?: { instanceId: string; region: string }): Promise<VolumeSnapshot[]>;
  /** Starts one; false if there is no such volume. Before repeating it, read the list. */
  make(volume: DataVolume, desired: SnapshotRequest): Promise<boolean>;
  /** Removes one; a missing snapshot is a success. */
  remove(snapshot: VolumeSnapshot): Promise<void>;
  close(): void;
}

export interface SnapshotRequest {
  instanceId: string;
  region: string;
  purpose: SnapshotPurpose;
  /** Its last day. */
  keepUntil: string;
}

/** A machine of a stack that is to be restarted. */
export interface RestartRequest {
  /** Id of the machine as the stack's state holds it. */
  serverId: string;
  region: string;
  signal: AbortSignal;
}

export interface Restarted {
  /** How long after the response the machine may still go down, ms; 0 where it has been down and runs again. */
  downWithinMs: number;
}

/** A machine of a stack whose console is read. */
export interface ConsoleRequest {
  /** Id of the machine as the stack's state holds it. */
  serverId: string;
  region: string;
  signal: AbortSignal;
}

/** One cloud's implementation. */
export interface CloudStacks {
  /** Throws `cloud_not_enabled` if the installation's configuration for this cloud is missing or invalid. */
  checkSettings(env: NodeJS.ProcessEnv): void;
  /** Declares the server inside a running Pulumi program. */
  declare(args: PrivateServerArgs): PrivateServerOutputs;
  /** The first-boot document with a machine's contract. Throws `host_setup_invalid`. */
  userDataOf(contract: HostContract, variables: HostVariables): string;
  /** How many resources `declare` creates, for progress. */
  resourceCount(spec: PrivateServerSpec): number;
  /** Prefix of the type tokens of this cloud's resources. */
  typePrefix: string;
  /** Plugins in the project's own folder. */
  plugins: { name: string; path: string }[];
  inventory(env: NodeJS.ProcessEnv): Inventory;
  snapshots(env: NodeJS.ProcessEnv): Snapshots;
  /**
   * Restarts a machine through the cloud's own API, never through the stack; a stopped one is started. It keeps id,
   * volume and address. Returns when the cloud reports it as running. A repeat restarts it once more at worst. Throws
   * `host_gone` where the machine does not exist any more, and the reasons of the cloud.
   */
  restartMachine(request: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted>;
  /**
   * The newest output on the console of a machine, as its cloud keeps it; empty where there is none yet. Absent where the
   * cloud has no such call. It may contain secrets: whoever keeps it masks them. Throws `host_gone`, and the reasons of
   * the cloud.
   */
  readConsole?(request: ConsoleRequest, env: NodeJS.ProcessEnv): Promise<string>;
  /** Who makes the daily snapshots: the cloud, by a schedule of the stack; we ourselves; or nobody. */
  dailySnapshots: 'schedule' | 'ours' | 'none';
  /** The reason of a provider's message; null if it is not one of the cloud's own. */
  reasonOf(message: string): ReasonCode | null;
}

/** Every machine of a server with its node. */
export function machinesOf(spec: PrivateServerSpec): { node: ServerNode; machine: Machine; key: string }[] {
  return spec.nodes.flatMap((node) =>
    node.machines.map((machine) => ({ node, machine, key: machineKey(node, machine) })),
  );
}

/** Tags that every object of an instance carries, in addition to those of the spec. */
export function tagsOf(spec: PrivateServerSpec, resource: string): Record<string, string> {
  return { ...spec.tags, 'freehold:instance': spec.instanceId, 'freehold:resource': resource };
}
