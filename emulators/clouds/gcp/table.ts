import { valuesAt } from '../paths.ts';
import type { CloudTable, DoubleObject, World } from '../rule-table.ts';
import { gcpErrorTexts } from './error-texts.ts';
import { imageFamily, linkBase, project, rules, text } from './rules.ts';
import { types } from './types.ts';

/** The access token that is accepted. */
export const accessToken = 'ya29.freehold-double';
/** The zone of our records; it already exists in the project. */
const managedZone = 'freehold-double-zone';

const natIpOf = ({ inputs }: DoubleObject) => valuesAt(inputs, 'networkInterfaces[].accessConfigs[].natIp').map(text);

/** Machines in the groups of a load balancer. */
function balanced(service: string, world: World): string[] {
  const backends = valuesAt(world.find(types.service, service)?.inputs ?? {}, 'backends[].group').map(text);
  const members = world.list(types.member).filter(({ id }) => backends.some((group) => id.startsWith(`${group}/`)));
  return members.map(({ inputs }) => text(inputs.instance).replace(linkBase, ''));
}

/** Instances that receive the traffic of a public address. */
function behind(address: string, world: World): string[] {
  const own = world.list(types.instance).filter((instance) => natIpOf(instance).includes(address));
  const forwarded = world
    .list(types.forwardingRule)
    .filter(({ inputs }) => inputs.ipAddress === address && valuesAt(inputs, 'ports[]').map(text).includes('443'))
    .flatMap(({ inputs }) => balanced(text(inputs.backendService), world));
  return [...own.map(({ id }) => id), ...forwarded].filter((id) => world.find(types.instance, id) !== null);
}

export const gcpTable: CloudTable = {
  cloud: 'gcp',
  package: '@pulumi/gcp',
  environment: (wire) => ({
    GOOGLE_PROJECT: project,
    GOOGLE_OAUTH_ACCESS_TOKEN: accessToken,
    GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT: `${wire}/manager/v1/`,
    GOOGLE_COMPUTE_CUSTOM_ENDPOINT: `${wire}/compute/v1/`,
    GOOGLE_DNS_CUSTOM_ENDPOINT: `${wire}/dns/v1/`,
    FREEHOLD_GCP_MANAGED_ZONE: managedZone,
    FREEHOLD_GCP_LISTING_LAG_MS: '0',
    FREEHOLD_GCP_REMOVE_PAUSE_MS: '100',
  }),
  types: Object.fromEntries(Object.entries(types).map(([name, token]) => [token, rules[name as keyof typeof types]])),
  functions: {
    'gcp:compute/getImage:getImage': (args) => ({
      ...args,
      ...{ id: `${imageFamily}20261101`, name: 'ubuntu-2404-noble-amd64-v20261101', status: 'READY' },
      selfLink: `${linkBase}${imageFamily}20261101`,
    }),
  },
  given: (dnsZone) => [
    {
      ...{ type: types.zone, id: `projects/${project}/managedZones/${managedZone}`, region: '' },
      inputs: { name: managedZone, dnsName: `${dnsZone}.` },
    },
  ],
  tagsOf: ({ inputs }) =>
    Object.fromEntries(
      Object.entries((inputs.labels ?? {}) as Record<string, string>).map(([key, value]) => [
        key.replace(/^freehold-/, 'freehold:'),
        value,
      ]),
    ),
  words: gcpErrorTexts,
  machines: (world) => {
    const reserved = new Set(world.list(types.address).map(({ computed }) => text(computed.address)));
    const inGroups = new Set(world.list(types.service).flatMap(({ id }) => balanced(id, world)));
    return world.list(types.instance).map((instance) => {
      const attachment = world.list(types.attachedDisk).find(({ inputs }) => inputs.instance === instance.id);
      return {
        id: instance.id,
        userData: text(valuesAt(instance.inputs, 'metadata.user-data')[0]),
        isOn: instance.inputs.desiredStatus !== 'TERMINATED',
        volumeId: attachment ? text(attachment.inputs.disk) : null,
        isReached: natIpOf(instance).some((address) => reserved.has(address)) || inGroups.has(instance.id),
      };
    });
  },
  volumeType: types.disk,
  answer(name, world) {
    const record = world.list(types.record).find(({ inputs }) => inputs.type === 'A' && inputs.name === `${name}.`);
    if (!record) return null;
    const addresses = valuesAt(record.inputs, 'rrdatas[]').map(text);
    const machineIds = [...new Set(addresses.flatMap((address) => behind(address, world)))];
    return { machineIds, ttl: Number(record.inputs.ttl) };
  },
};
