import type { Difference } from '../../contracts/drift.ts';
import type { RunnerLine } from '../../contracts/stack.ts';

type ResourceLine = Extract<RunnerLine, { type: 'resource' }>;

/** What a stack is made of, as its owner calls it, by the first word of the logical names, which all clouds share. */
const parts: Readonly<Record<string, string>> = {
  address: 'The address',
  association: 'The way from the address to the machine',
  record: 'The DNS record',
  owner: 'The note of whose name it is',
  holder: 'The note of whose address it is',
  volume: 'The data volume',
  attachment: 'The way from the data volume to the machine',
  power: 'The start of the machine',
  snapshots: 'The plan of daily snapshots',
  host: 'The machine',
  card: 'The network card of the machine',
  way: 'The way out of the machine',
  place: 'The place for all parts',
  network: 'The network',
  subnet: 'The network',
  gateway: 'The way out of the network',
  routes: 'The way out of the network',
  tag: 'The mark of the machines',
  firewall: 'The firewall',
  port: 'The opening of the firewall',
  outbound: 'The firewall',
  role: 'The identity',
  profile: 'The identity',
  balancer: 'The load balancer',
  group: 'The group of machines behind the load balancer',
  listener: 'The port of the load balancer',
  target: 'The place behind the load balancer',
};

/** The engine's operations in words, done and failed; every other one only looks. */
const deeds: readonly { ops: RegExp; done: string; failed: string }[] = [
  { ops: /^(create|import)$/, done: 'was created', failed: 'could not be created' },
  { ops: /replace/, done: 'was replaced', failed: 'could not be replaced' },
  { ops: /^update$/, done: 'was changed', failed: 'could not be changed' },
  { ops: /^delete$/, done: 'was removed', failed: 'could not be removed' },
];
const look = { done: 'was checked', failed: 'could not be checked' };

/** What became of one resource of a stack, as a plain sentence for its customer, made of known facts alone. */
export function describeResource({ name, op, status, done, total }: Omit<ResourceLine, 'type'>): string {
  const deed = deeds.find(({ ops }) => ops.test(op)) ?? look;
  return `${nameForPeople(name)} ${status === 'failed' ? deed.failed : deed.done} (${done} of ${total}).`;
}

const findings: Readonly<Record<Difference['change'], string>> = {
  missing: 'is gone at the cloud',
  changed: 'was changed at the cloud',
  foreign: 'is at the cloud beside those of the server',
};

/** What is amiss with one part of a server, in the same words. */
export function describeDifference({ name, change }: Pick<Difference, 'name' | 'change'>): string {
  return `${nameForPeople(name)} ${findings[change]}.`;
}

/** Logical names are `<part>` or `<part>-<node or hostname>`. */
function nameForPeople(name: string): string {
  const [part = '', ...rest] = name.split('-');
  return `${parts[part] ?? 'A part'}${rest.length > 0 ? ` of ${rest.join('-')}` : ''}`;
}
