/** What a stack is made of, as its owner calls it, by the part that the logical names begin with, which all clouds share. */
export const partTitles: Readonly<Record<string, string>> = {
  address: 'The address',
  association: 'The way from the address to the machine',
  record: 'The DNS record',
  'owner-txt': 'The note of whose name it is',
  'address-txt': 'The note of whose address it is',
  volume: 'The data volume',
  attachment: 'The way from the data volume to the machine',
  power: 'The start of the machine',
  snapshots: 'The plan of daily snapshots',
  host: 'The machine',
  nic: 'The network card of the machine',
  egress: 'The way out of the machine',
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

/**
 * Takes a logical name apart: `<part>` or `<part>-<node, machine or hostname>`. A part may itself hold a hyphen
 * (`address-txt`), so the longest known one wins; an unknown name is its first word.
 */
export function partOf(name: string): { part: string; of: string } {
  const known = Object.keys(partTitles).filter((part) => name === part || name.startsWith(`${part}-`));
  const [part] = [...known, name.split('-')[0] ?? ''].sort((one, other) => other.length - one.length);
  return { part: part ?? '', of: name.slice((part ?? '').length + 1) };
}
