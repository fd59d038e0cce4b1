import type { Input, Output } from '@pulumi/pulumi';
import type { HostContract } from '../contracts/host-contract.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import { type Machine, machineKey, type PrivateServerSpec, type ServerNode } from '../contracts/stack.ts';
import type { SnapshotFacts, SnapshotPurpose } from '../domain/fleet/snapshots.ts';
import type { HostVariables } from './cloud-init/host-setup.ts';

/**
 * The component's contract: what the stack of a private server is given and answers, the same on every cloud.
 *
 * Every implementation builds, in this order: reserved address, DNS records (TTL 60), protected data volume, hosts. Names
 * come from the instance id, everything carries the tags `freehold:instance` and `freehold:resource` from its create
 * call on, zone and image are pinned at first and ignored afterwards, as is the user data, which only a first boot reads.
 * A node's volume and address are at its serving machine, and nowhere while there is none.
 */
export interface PrivateServerArgs {
  spec: PrivateServerSpec;
  /** User data of each machine by its `machineKey`; made a secret by the caller. */
  userData: Readonly<Record<string, Input<string>>>;
  /** Whether the engine refuses to delete the data volumes; false for the program of a destroy alone. */
  protect: boolean;
  /**
   * Whether the program may ask the cloud, for instance for the newest image of the operating system. False for refresh
   * and destroy, which work on what is there and must not fail because of anything else.
   */
  findImages: boolean;
  /** Settings of the installation for this cloud. */
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
  /** Id as the stack's state holds it. */
  id: string;
  kind: string;
  /** Value of the tag `freehold:resource`: the logical name inside of the stack; empty where the tag is gone. */
  resource: string;
  /** Where it is, on a cloud that wants to be told when it is removed; as the list said. */
  region?: string;
  /** What it is for us, on every cloud. */
  role: 'host' | 'volume' | 'record' | 'other';
}

/** One of any instance. */
export interface OwnedObject extends TaggedObject {
  /** Value of the tag `freehold:instance`. */
  instanceId: string;
  /** Ms since the epoch. */
  createdAt: number;
}

/** What is at the cloud, whatever the state says. */
export interface Inventory {
  /** How long the cloud may keep a new object out of its lists, ms; until then an empty list proves nothing. */
  listingLagMs: number;
  /** Objects of an instance in its region, in an order in which they can be removed. */
  list(instance: { instanceId: string; region: string }): Promise<TaggedObject[]>;
  /**
   * What in a region nobody can be the owner of, on a cloud where something carries no tag: left by an attempt whose create
   * was never answered. Only who may remove it asks; absent where everything says whose it is.
   */
  listUnowned?(region: string, signal: AbortSignal): Promise<TaggedObject[]>;
  /** Everything that carries the tag of any instance, in an order in which it can be removed. */
  listAll(): Promise<OwnedObject[]>;
  /** Removes one; an object that is gone already is a success. */
  remove(object: TaggedObject): Promise<void>;
  close(): void;
}

/** A data volume, of which a snapshot can be made. */
export interface DataVolume {
  /** As the stack's state holds it. */
  id: string;
  /** Its logical name. */
  resource: string;
}

/** A snapshot of a data volume that we made. */
export interface VolumeSnapshot extends SnapshotFacts {
  instanceId: string;
  /** Where it is, on a cloud that wants to be told when it is removed; as the list said. */
  region?: string;
}

/**
 * Snapshots of data volumes that we make ourselves, by the cloud's own interface. They are in no stack, so that they
 * outlive it, and carry other tags than what is swept: `snapshotTagsOf`. Throws the reasons of the cloud.
 */
export interface Snapshots {
  /** How long to wait between looks at one that is being made, ms. */
  pauseMs: number;
  /** Those of an instance in its region, or of any. */
  list(instance?: { instanceId: string; region: string }): Promise<VolumeSnapshot[]>;
  /** Begins one; false where there is no such volume. Whoever repeats it looks at the list before. */
  make(volume: DataVolume, desired: SnapshotRequest): Promise<boolean>;
  /** Removes one; a snapshot that is gone already is a success. */
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
  /** For how long after the answer the machine may still go down, ms; 0 where it has been down and runs again. */
  downWithinMs: number;
}

/** One cloud's implementation. */
export interface CloudStacks {
  /** Throws `cloud_not_enabled` where the installation's settings for this cloud are missing or wrong. */
  checkSettings(env: NodeJS.ProcessEnv): void;
  /** Declares the server inside of a running Pulumi program. */
  declare(args: PrivateServerArgs): PrivateServerOutputs;
  /** The document by which a machine's first boot is told its contract. Throws `host_setup_invalid`. */
  userDataOf(contract: HostContract, variables: HostVariables): string;
  /** How many resources `declare` makes, for progress. */
  resourceCount(spec: PrivateServerSpec): number;
  /** Type tokens of this cloud's resources begin with it. */
  typePrefix: string;
  /** Plugins that the engine finds beside the project. */
  plugins: { name: string; path: string }[];
  inventory(env: NodeJS.ProcessEnv): Inventory;
  snapshots(env: NodeJS.ProcessEnv): Snapshots;
  /**
   * Restarts a machine by the cloud's own interface, never by the stack; one that is stopped is started. It keeps id,
   * volume and address. Answers when the cloud says that it runs. A repeat restarts it once more at worst. Throws
   * `host_gone` where the machine is not there any more, and the reasons of the cloud.
   */
  restartMachine(request: RestartRequest, env: NodeJS.ProcessEnv): Promise<Restarted>;
  /** Who makes the daily snapshots: the cloud, by a schedule of the stack; we ourselves; nobody. */
  dailySnapshots: 'schedule' | 'ours' | 'none';
  /** The reason that a message of the provider stands for; null when it is none of the cloud's own. */
  reasonOf(message: string): ReasonCode | null;
}

/** Every machine of a server with its node. */
export function machinesOf(spec: PrivateServerSpec): { node: ServerNode; machine: Machine; key: string }[] {
  return spec.nodes.flatMap((node) =>
    node.machines.map((machine) => ({ node, machine, key: machineKey(node, machine) })),
  );
}

/** Tags that everything of an instance carries, beside those of the spec. */
export function tagsOf(spec: PrivateServerSpec, resource: string): Record<string, string> {
  return { ...spec.tags, 'freehold:instance': spec.instanceId, 'freehold:resource': resource };
}
