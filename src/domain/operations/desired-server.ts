import type { DesiredServer } from '../../contracts/desired-server.ts';

/** What is bought of a server: everything that its stack is made of. */
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

/** What a server is to be when it is built: its nodes are `node-1` and so on, and its one name is the primary one. */
export function desiredAtFirst({ zones, hostname, ...bought }: BoughtServer): DesiredServer {
  return {
    ...bought,
    nodes: zones.map((zone, index) => ({ name: `node-${index + 1}`, zone })),
    names: [{ hostname, purpose: 'primary' }],
    running: true,
    enrolmentGeneration: 0,
  };
}

/** Labels by which people find a server at its cloud; `createdAt` because clouds do not tell it of everything they hold. */
export function serverTags(facts: { plan: string; orderId: string; createdAt: Date }): Record<string, string> {
  return {
    'freehold:plan': facts.plan,
    'freehold:order': facts.orderId,
    'freehold:created': facts.createdAt.toISOString(),
  };
}

/** The name that a server is known by. */
export function primaryHostname({ names }: Pick<DesiredServer, 'names'>): string {
  const primary = names.find(({ purpose }) => purpose === 'primary');
  if (!primary) throw new Error('a server needs a primary name');
  return primary.hostname;
}

/** All names that lead to a server, the primary one first. */
export function hostnamesOf(desired: Pick<DesiredServer, 'names'>): string[] {
  const primary = primaryHostname(desired);
  return [primary, ...desired.names.map(({ hostname }) => hostname).filter((hostname) => hostname !== primary)];
}
