import type { ErrorTexts, Refused } from '../rule-table.ts';

/** API path of each type, which its client repeats in errors. */
const paths: Readonly<Record<string, string>> = {
  Vpc: 'vpcs',
  Tag: 'tags',
  Firewall: 'firewalls',
  LoadBalancer: 'load_balancers',
  ReservedIp: 'reserved_ips',
  DnsRecord: 'domains/records',
  Volume: 'volumes',
  VolumeSnapshot: 'snapshots',
  Droplet: 'droplets',
};

const last = (type: string) => type.split(':').at(-1) ?? type;

/** An API answer in the format of its Go client, which the provider passes on. */
export function digitaloceanError(method: string, type: string, status: number, sentence: string): string {
  const url = `https://api.digitalocean.com/v2/${paths[last(type)] ?? last(type)}`;
  return `${method} ${url}: ${status} (request "00000000-0000-4000-8000-000000000000") ${sentence}`;
}

const refusing = (status: number, sentence: string) => (about: { type: string }) =>
  `Error creating ${last(about.type)}: ${digitaloceanError('POST', about.type, status, sentence)}`;

const scripted: Readonly<Record<Refused, (about: { type: string }) => string>> = {
  quota: refusing(422, 'creating this/these droplet(s) will exceed your droplet limit'),
  capacity: refusing(422, 'Size is not available in this region.'),
  throttled: refusing(429, 'API rate limit exceeded.'),
  expired: refusing(401, 'Unable to authenticate you'),
  denied: refusing(403, 'You are not authorized to perform this operation'),
  unavailable: refusing(503, 'Server is temporarily unavailable'),
};

export const digitaloceanErrorTexts: ErrorTexts = {
  missing: ({ type }) => digitaloceanError('GET', type, 404, 'The resource you requested could not be found.'),
  inUse: ({ type, id, by }) =>
    last(type) === 'Vpc'
      ? digitaloceanError('DELETE', type, 403, `Can not delete VPC with members (${by})`)
      : digitaloceanError('DELETE', type, 409, `${id} is still attached to ${by}`),
  taken: ({ type, name }) => digitaloceanError('POST', type, 409, `${last(type)} ${name} already exists`),
  protected: ({ type, id }) => digitaloceanError('DELETE', type, 403, `${id} is protected`),
  scripted,
};
