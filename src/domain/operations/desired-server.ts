import type { DesiredServer } from '../../contracts/desired-server.ts';

/** What was bought: everything that determines the stack of a server. */
export interface BoughtServer {
  size: string;
  /** Product version. */
  image: string;
  diskGib: number;
  hostname: string;
  /** The zone of each node. */
  zones: readonly string[];
  tags: Readonly<Record<string, string>>;
}

/** The desired state of a new server: nodes `node-1` and so on, and one hostname, the primary one. */
export function desiredAtFirst({ zones, hostname, ...bought }: BoughtServer): DesiredServer {
  return {
    ...bought,
    nodes: zones.map((zone, index) => ({ name: `node-${index + 1}`, zone })),
    names: [{ hostname, purpose: 'primary' }],
    running: true,
    enrolmentGeneration: 0,
  };
}

/** Labels for finding a server at its cloud; `createdAt` because clouds do not report it for every resource. */
export function serverTags(facts: { plan: string; orderId: string; createdAt: Date }): Record<string, string> {
  return {
    'freehold:plan': facts.plan,
    'freehold:order': facts.orderId,
    'freehold:created': facts.createdAt.toISOString(),
  };
}

/** The primary hostname of a server. */
export function primaryHostname({ names }: Pick<DesiredServer, 'names'>): string {
  const primary = names.find(({ purpose }) => purpose === 'primary');
  if (!primary) throw new Error('a server needs a primary name');
  return primary.hostname;
}

/** All hostnames of a server, the primary one first. */
export function hostnamesOf(desired: Pick<DesiredServer, 'names'>): string[] {
  const primary = primaryHostname(desired);
  return [primary, ...desired.names.map(({ hostname }) => hostname).filter((hostname) => hostname !== primary)];
}
