/**
 * Token scopes that the stacks and the sweep by tag use at DigitalOcean, listed in
 * `docs/clouds/digitalocean-scopes.txt`; a test keeps both in step.
 */
const crud = (resource: string, ...verbs: string[]) => verbs.map((verb) => `${resource}:${verb}`);

export const digitaloceanScopes: readonly string[] = [
  ...crud('account', 'read'),
  ...crud('actions', 'read'),
  ...crud('regions', 'read'),
  ...crud('sizes', 'read'),
  ...crud('image', 'read'),
  ...crud('droplet', 'read', 'create', 'update', 'delete'),
  ...crud('block_storage', 'read', 'create', 'delete'),
  ...crud('block_storage_action', 'read', 'create'),
  ...crud('block_storage_snapshot', 'read', 'create', 'delete'),
  ...crud('reserved_ip', 'read', 'create', 'update', 'delete'),
  ...crud('firewall', 'read', 'create', 'update', 'delete'),
  ...crud('vpc', 'read', 'create', 'update', 'delete'),
  ...crud('domain', 'read', 'create', 'update', 'delete'),
  ...crud('tag', 'read', 'create', 'delete'),
  ...crud('load_balancer', 'read', 'create', 'update', 'delete'),
  ...crud('certificate', 'read', 'create', 'delete'),
];

/** The path that tests each read scope; the API reveals other scopes only when they are used. */
export const readable: Readonly<Record<string, string>> = {
  'account:read': '/v2/account',
  'actions:read': '/v2/actions?per_page=1',
  'regions:read': '/v2/regions?per_page=1',
  'sizes:read': '/v2/sizes?per_page=1',
  'image:read': '/v2/images?per_page=1',
  'droplet:read': '/v2/droplets?per_page=1',
  'block_storage:read': '/v2/volumes?per_page=1',
  'block_storage_snapshot:read': '/v2/snapshots?per_page=1&resource_type=volume',
  'reserved_ip:read': '/v2/reserved_ips?per_page=1',
  'firewall:read': '/v2/firewalls?per_page=1',
  'vpc:read': '/v2/vpcs?per_page=1',
  'domain:read': '/v2/domains?per_page=1',
  'tag:read': '/v2/tags?per_page=1',
  'load_balancer:read': '/v2/load_balancers?per_page=1',
  'certificate:read': '/v2/certificates?per_page=1',
};
