import type { PrivateServerSpec } from './stack.ts';

/**
 * `primary`: the server is known by it, exactly one; `domain`: a name of the customer's own; `retiring`: the primary one
 * of before, which goes on to lead to the server until devices have followed.
 */
export type NamePurpose = 'primary' | 'domain' | 'retiring';

export interface ServerName {
  hostname: string;
  purpose: NamePurpose;
}

/**
 * What a server is to be. An operation that changes a server writes this first and then takes steps until the stack stands
 * as it says; limits, features and seats are in the licence and no part of it.
 */
export interface DesiredServer {
  /** One, or three in three zones; a node is never renamed, and stays in its zone once it stands. */
  nodes: readonly { name: string; zone: string }[];
  /** Machine size as the cloud names it. */
  size: string;
  /** Product version. */
  image: string;
  /** Of each node's data volume. A volume never shrinks: a smaller number leaves it as it is. */
  diskGib: number;
  names: readonly ServerName[];
  /** Labels of everything that the server has at its cloud. */
  tags: Readonly<Record<string, string>>;
  /** False for a suspended server: it has no machine, and keeps volumes, addresses and records. */
  running: boolean;
  /** Generation of the enrolment; raised by an operation that rebuilds a node without its state. */
  enrolmentGeneration: number;
}

/** What the stack of a server stands as, after the last `up` that ended well; the image of each machine is pinned. */
export type AppliedServer = Pick<PrivateServerSpec, 'nodes' | 'hostnames' | 'diskGib' | 'tags'>;
