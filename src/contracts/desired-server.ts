import type { PrivateServerSpec } from './stack.ts';

/**
 * `primary`: the name by which the server is known, exactly one; `domain`: a name of the customer's own; `retiring`:
 * the previous primary name, which still points to the server until devices have moved.
 */
export type NamePurpose = 'primary' | 'domain' | 'retiring';

export interface ServerName {
  hostname: string;
  purpose: NamePurpose;
}

/**
 * The desired state of a server. An operation that changes a server writes this first and then takes steps until the
 * stack matches it; limits, features and seats are in the licence and not part of it.
 */
export interface DesiredServer {
  /** One, or three in three zones; a node is never renamed, and stays in its zone once it exists. */
  nodes: readonly { name: string; zone: string }[];
  /** Machine size as the cloud names it. */
  size: string;
  /** Product version. */
  image: string;
  /** Size of each node's data volume. A volume never shrinks: a smaller number leaves it unchanged. */
  diskGib: number;
  names: readonly ServerName[];
  /** Tags of all resources of the server at its cloud. */
  tags: Readonly<Record<string, string>>;
  /** False for a suspended server: it has no machine, but keeps volumes, addresses and records. */
  running: boolean;
  /** Generation of the enrolment; incremented by an operation that rebuilds a node without its state. */
  enrolmentGeneration: number;
}

/** The applied state of a server's stack, after its last successful `up`; the image of each machine is pinned. */
export type AppliedServer = Pick<PrivateServerSpec, 'nodes' | 'hostnames' | 'diskGib' | 'tags'>;
