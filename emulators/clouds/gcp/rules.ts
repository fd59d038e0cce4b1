import { type Properties, same } from '../../../src/stacks/provider/properties.ts';
import { valuesAt } from '../paths.ts';
import type { Desired, DoubleObject, Reference, TypeRule, World } from '../rule-table.ts';
import { pendingSnapshot, snapshotRule } from '../snapshots.ts';
import { gcpError } from './error-texts.ts';
import { types } from './types.ts';

/**
 * What Google Cloud and its provider (pulumi-gcp 9, which uses the Terraform provider) do with each type: properties
 * marked ForceNew there require a replacement. Ids follow from names, so a repeated create is refused.
 */

export const project = 'freehold-double';
/** The existing operating system images. */
export const imageFamily = `projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v`;
/** Prefix of an object's URL as the provider returns it. */
export const linkBase = 'https://www.googleapis.com/compute/v1/';

const to = (type: string, more: Omit<Reference, 'type'> = {}): Reference => ({ type, ...more });
export const text = (value: unknown) => (value === undefined ? '' : String(value));
const regionOf = (zone: unknown) => text(zone).replace(/-[a-z]$/, '');

const global = (collection: string) => (desired: Desired) =>
  `projects/${project}/global/${collection}/${text(desired.inputs.name)}`;
const inRegion = (collection: string) => (desired: Desired) =>
  `projects/${project}/regions/${text(desired.inputs.region ?? desired.region)}/${collection}/${text(desired.inputs.name)}`;
const inZone = (collection: string) => (desired: Desired) =>
  `projects/${project}/zones/${text(desired.inputs.zone)}/${collection}/${text(desired.inputs.name)}`;
const linked = (desired: { id: string }) => ({ selfLink: linkBase + desired.id });
const last = (id: unknown) => text(id).split('/').at(-1) ?? '';

const namePattern = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const labelPattern = /^[a-z0-9_-]{0,63}$/;

function invalid(field: string, value: unknown, sentence: string): string {
  return gcpError(400, `Invalid value for field '${field}': '${text(value)}'. ${sentence}`, 'invalid');
}

/** Faults in the name or the labels of a Compute Engine object. */
function misnamed({ inputs }: Desired): string | null {
  if (inputs.name !== undefined && !namePattern.test(text(inputs.name))) {
    return invalid('resource.name', inputs.name, `Must be a match of regex '${namePattern.source}'`);
  }
  for (const [key, value] of Object.entries((inputs.labels ?? {}) as Properties)) {
    if (labelPattern.test(key) && labelPattern.test(text(value))) continue;
    return invalid(
      'resource.labels',
      `${key}=${text(value)}`,
      'Label keys and values are lower case, at most 63 long.',
    );
  }
  return null;
}

const network = {
  network: {
    id: global('networks'),
    replaces: ['name', 'autoCreateSubnetworks', 'description', 'mtu'],
    computed: linked,
    refuse: misnamed,
  },
  subnet: {
    id: inRegion('subnetworks'),
    references: { network: to(types.network) },
    replaces: ['name', 'network', 'region', 'description', 'purpose'],
    computed: linked,
    refuse: misnamed,
  },
  firewall: {
    id: global('firewalls'),
    references: { network: to(types.network) },
    replaces: ['name', 'network', 'direction'],
    computed: linked,
    refuse: misnamed,
  },
} satisfies Record<string, TypeRule>;

const names = {
  address: {
    id: inRegion('addresses'),
    replaces: ['name', 'region', 'address', 'addressType', 'networkTier', 'description'],
    computed: (desired, world, before) => ({ ...linked(desired), address: before.address ?? world.newAddress() }),
    refuse: misnamed,
  },
  zone: { id: ({ inputs }) => `projects/${project}/managedZones/${text(inputs.name)}` },
  record: {
    id: ({ inputs }) =>
      `projects/${project}/managedZones/${text(inputs.managedZone)}/rrsets/${text(inputs.name)}/${text(inputs.type)}`,
    references: { managedZone: to(types.zone, { by: 'name' }) },
    replaces: ['managedZone', 'name', 'type'],
    refuse({ inputs: { managedZone, name, type, rrdatas } }, world) {
      const zone = world.list(types.zone).find(({ inputs }) => inputs.name === managedZone);
      if (!`.${text(name)}`.endsWith(`.${text(zone?.inputs.dnsName)}`)) {
        const sentence = `The name is not within the zone '${text(zone?.inputs.dnsName)}'`;
        return invalid('entity.change.additions[0].name', name, sentence);
      }
      const isQuoted = valuesAt({ rrdatas }, 'rrdatas[]').every((each) => /^".*"$/.test(text(each)));
      return type !== 'TXT' || isQuoted ? null : invalid('entity.change.additions[0].rrdata', rrdatas, 'No quotes.');
    },
  },
} satisfies Record<string, TypeRule>;

const machines = {
  disk: {
    id: inZone('disks'),
    replaces: ['name', 'zone', 'type', 'image', 'snapshot', 'description', 'diskEncryptionKey', 'sourceDisk'],
    computed: linked,
    refuse(desired) {
      const { inputs, before } = desired;
      const shrinks = before !== undefined && Number(inputs.size) < Number(before.size);
      return shrinks ? invalid('sizeGb', inputs.size, 'The disk cannot become smaller.') : misnamed(desired);
    },
    refuseDelete({ id: volumeId }, world) {
      const pending = pendingSnapshot(world, { type: types.snapshot, source: 'sourceDisk', volumeId });
      const sentence = `The disk resource '${volumeId}' is already being used by '${pending?.id}'`;
      return pending ? gcpError(400, sentence, 'resourceInUseByAnotherResource') : null;
    },
  },
  snapshot: snapshotRule(types.disk, 'sourceDisk', {
    id: global('snapshots'),
    replaces: ['name', 'sourceDisk'],
    computed: linked,
    refuse: misnamed,
  }),
  attachedDisk: {
    id: ({ inputs }) => `${text(inputs.instance)}/${last(inputs.disk)}`,
    references: { disk: to(types.disk), instance: to(types.instance, { onDelete: 'ends' }) },
    replaces: ['disk', 'instance', 'deviceName', 'mode', 'zone', 'interface'],
    refuse({ id, inputs: { disk, instance } }, world) {
      const zoneOf = (link: unknown) => text(link).split('/')[3];
      if (zoneOf(disk) !== zoneOf(instance)) {
        return invalid('resource.source', disk, 'Disk must be in the same zone as the instance.');
      }
      const holder = world.list(types.attachedDisk).find((each) => each.inputs.disk === disk && each.id !== id);
      if (!holder) return null;
      const sentence = `The disk resource '${text(disk)}' is already being used by '${text(holder.inputs.instance)}'`;
      return gcpError(400, sentence, 'resourceInUseByAnotherResource');
    },
  },
  instance: {
    id: inZone('instances'),
    references: {
      'networkInterfaces[].subnetwork': to(types.subnet),
      'networkInterfaces[].accessConfigs[].natIp': to(types.address, { by: 'address' }),
    },
    replaces: [
      ...['name', 'zone', 'description', 'hostname', 'canIpForward', 'metadataStartupScript'],
      ...['bootDisk.initializeParams.image', 'bootDisk.initializeParams.size', 'bootDisk.initializeParams.type'],
    ],
    restarts: ['machineType', 'serviceAccount', 'shieldedInstanceConfig'],
    protection: { input: 'deletionProtection' },
    computed: (desired) => ({ ...linked(desired), currentStatus: desired.inputs.desiredStatus ?? 'RUNNING' }),
    refuse: (desired, world) => misnamed(desired) ?? unfit(desired, world) ?? unstoppable(desired),
  },
  snapshots: {
    id: inRegion('resourcePolicies'),
    replaces: ['name', 'region', 'description'],
    computed: linked,
    refuse: misnamed,
  },
  schedule: {
    id: ({ inputs }) => [project, text(inputs.zone), text(inputs.disk), text(inputs.name)].join('/'),
    references: {
      disk: to(types.disk, { by: 'name', onDelete: 'ends' }),
      name: to(types.snapshots, { by: 'name' }),
    },
    replaces: ['disk', 'name', 'zone'],
  },
} satisfies Record<string, TypeRule>;

/** Why a machine is refused: its image, its subnet's region, an address that another machine has. */
function unfit({ id, inputs }: Desired, world: World): string | null {
  const [image] = valuesAt(inputs, 'bootDisk.initializeParams.image').map(text);
  if (!image?.replace(linkBase, '').startsWith(imageFamily)) {
    return gcpError(404, `The resource '${image}' was not found`, 'notFound');
  }
  const [subnet] = valuesAt(inputs, 'networkInterfaces[].subnetwork').map(text);
  if (subnet?.split('/')[3] !== regionOf(inputs.zone)) {
    return invalid('resource.networkInterfaces[0].subnetwork', subnet, 'The subnetwork is of another region.');
  }
  const addressOf = (bag: Properties) => text(valuesAt(bag, 'networkInterfaces[].accessConfigs[].natIp')[0]);
  const address = addressOf(inputs);
  const hasIt = (each: DoubleObject) => each.id !== id && addressOf(each.inputs) === address;
  const holder = address === '' ? undefined : world.list(types.instance).find(hasIt);
  return holder ? gcpError(400, `External IP address: ${address} is already in-use by ${holder.id}`, 'invalid') : null;
}

/** Changes for which the provider refuses to stop a machine unless that is allowed. */
function unstoppable({ inputs, before }: Desired & { before?: Properties }): string | null {
  const names = ['machineType', 'serviceAccount', 'shieldedInstanceConfig'];
  if (!before || inputs.allowStoppingForUpdate === true || names.every((name) => same(inputs[name], before[name]))) {
    return null;
  }
  return `Changing the ${names.join(', ')} on a started instance requires stopping it. To acknowledge this, please set allow_stopping_for_update = true in your config.`;
}

const balancing = {
  group: {
    id: inZone('instanceGroups'),
    references: { network: to(types.network) },
    replaces: ['name', 'zone', 'network', 'description'],
    computed: linked,
    refuse: misnamed,
  },
  member: {
    id: ({ inputs: { zone, instanceGroup, instance } }) =>
      `projects/${project}/zones/${text(zone)}/instanceGroups/${text(instanceGroup)}/${last(instance)}`,
    references: {
      instance: to(types.instance, { by: 'selfLink', onDelete: 'ends' }),
      instanceGroup: to(types.group, { by: 'name', onDelete: 'ends' }),
    },
    replaces: ['zone', 'instanceGroup', 'instance'],
  },
  healthCheck: {
    id: inRegion('healthChecks'),
    replaces: ['name', 'region'],
    computed: linked,
    refuse: misnamed,
  },
  service: {
    id: inRegion('backendServices'),
    references: { healthChecks: to(types.healthCheck), 'backends[].group': to(types.group) },
    replaces: ['name', 'region', 'loadBalancingScheme', 'network'],
    computed: linked,
    refuse: misnamed,
  },
  forwardingRule: {
    id: inRegion('forwardingRules'),
    references: { backendService: to(types.service), ipAddress: to(types.address, { by: 'address' }) },
    replaces: ['name', 'region', 'ipAddress', 'ipProtocol', 'loadBalancingScheme', 'ports', 'portRange', 'description'],
    computed: linked,
    refuse: misnamed,
  },
} satisfies Record<string, TypeRule>;

export const rules: Record<keyof typeof types, TypeRule> = { ...network, ...names, ...machines, ...balancing };
