/** The parts of a stack: the prefixes of logical names, the same on all clouds. */
const parts = [
  ...['address', 'association', 'record', 'owner-txt', 'address-txt'],
  ...['volume', 'attachment', 'power', 'snapshots', 'host', 'nic', 'egress', 'place'],
  ...['network', 'subnet', 'gateway', 'routes', 'tag', 'firewall', 'port', 'outbound', 'role', 'profile'],
  ...['balancer', 'group', 'listener', 'target'],
] as const;
export type ResourcePart = (typeof parts)[number];

/**
 * Parses a logical name: `<part>` or `<part>-<node, machine or hostname>`. A part may itself contain a hyphen
 * (`address-txt`), so the longest known one wins; an unknown name has the part `unknown`.
 */
export function partOf(name: string): { part: ResourcePart | 'unknown'; of: string } {
  const [known] = parts
    .filter((part) => name === part || name.startsWith(`${part}-`))
    .sort((one, other) => other.length - one.length);
  const first = known ?? name.split('-')[0] ?? '';
  return { part: known ?? 'unknown', of: name.slice(first.length + 1) };
}
