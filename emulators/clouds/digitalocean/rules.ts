import type { Properties } from '../../../src/stacks/provider/properties.ts';
import type { DoubleObject, Reference, TypeRule, World } from '../rule-table.ts';
import { pendingSnapshot, snapshotRule } from '../snapshots.ts';
import { digitaloceanError } from './error-texts.ts';
import { types } from './types.ts';

/**
 * What DigitalOcean and its provider (pulumi-digitalocean 4, which uses the Terraform provider) do with each type:
 * properties marked ForceNew there require a replacement.
 */

const to = (type: string, more: Omit<Reference, 'type'> = {}): Reference => ({ type, ...more });
export const text = (value: unknown) => (value === undefined ? '' : String(value));

/** Machines and records are numbered. */
const numbered = (_desired: unknown, world: World) => String(Number.parseInt(world.newId('', 8), 16) + 1);
const nameOf = ({ inputs }: { inputs: Properties }) => text(inputs.name);
/** The machine that has the object already; it can be linked to only one at a time. */
function holder(world: World, type: string, property: string, desired: { id?: string; inputs: Properties }) {
  const isOther = (each: DoubleObject) => each.id !== desired.id && each.inputs[property] === desired.inputs[property];
  return world.list(type).find(isOther);
}

/** Whether the machine and the object to be linked are in the same region. */
const isNear = (world: World, inputs: Properties, thing: DoubleObject | null) =>
  world.find(types.droplet, text(inputs.dropletId))?.inputs.region === thing?.inputs.region;

export const rules = {
  network: {
    id: 'vpc-',
    replaces: ['region', 'ipRange'],
    computed: () => ({ default: false }),
    unique: nameOf,
  },
  tag: { id: nameOf, replaces: ['name'], unique: nameOf },
  firewall: {
    id: 'fw-',
    references: { 'tags[]': to(types.tag, { by: 'name', onDelete: 'stays' }) },
    computed: () => ({ status: 'succeeded' }),
  },
  balancer: {
    id: 'lb-',
    references: { vpcUuid: to(types.network), dropletTag: to(types.tag, { by: 'name', onDelete: 'stays' }) },
    replaces: ['region', 'vpcUuid', 'network', 'type'],
    computed: (_desired, world, before) => ({ ip: before.ip ?? world.newAddress(), status: 'active' }),
  },
  address: {
    id: (_desired, world) => world.newAddress(),
    replaces: ['region', 'ipAddress'],
    computed: ({ id }) => ({ ipAddress: id, reservedIpUrn: `do:reservedip:${id}` }),
  },
  addressAssignment: {
    id: ({ inputs }, world) => `${text(inputs.dropletId)}-${text(inputs.ipAddress)}-${world.newId('', 6)}`,
    references: {
      dropletId: to(types.droplet, { onDelete: 'ends' }),
      ipAddress: to(types.address, { onDelete: 'ends' }),
    },
    replaces: ['dropletId', 'ipAddress'],
    refuse(desired, world) {
      const other = holder(world, types.addressAssignment, 'ipAddress', desired);
      if (other) return digitaloceanError('POST', types.address, 422, 'The reserved IP already has a pending event.');
      const isFar = !isNear(world, desired.inputs, world.find(types.address, text(desired.inputs.ipAddress)));
      return isFar ? digitaloceanError('POST', types.address, 422, 'Droplet and IP are in different regions.') : null;
    },
  },
  record: {
    id: numbered,
    references: { domain: to(types.domain) },
    replaces: ['domain', 'type'],
    computed: ({ inputs }) => ({ fqdn: `${text(inputs.name)}.${text(inputs.domain)}` }),
    refuse: ({ inputs }) =>
      Number(inputs.ttl) < 30
        ? digitaloceanError('POST', types.record, 422, 'ttl must be greater than or equal to 30.')
        : null,
  },
  domain: { id: nameOf, replaces: ['name'], unique: nameOf },
  volume: {
    id: 'vol-',
    replaces: ['region', 'name', 'description', 'snapshotId', 'initialFilesystemType', 'initialFilesystemLabel'],
    computed: () => ({ filesystemLabel: '', filesystemType: '' }),
    unique: ({ inputs }) => `${text(inputs.region)} ${text(inputs.name)}`,
    refuse({ inputs, before }) {
      const shrinks = before !== undefined && Number(inputs.size) < Number(before.size);
      return shrinks ? digitaloceanError('POST', types.volume, 422, 'volumes `size` can only be expanded') : null;
    },
    refuseDelete({ id: volumeId }, world) {
      const pending = pendingSnapshot(world, { type: types.snapshot, source: 'volumeId', volumeId });
      return pending ? digitaloceanError('DELETE', types.volume, 409, `snapshot ${pending.id} is being made`) : null;
    },
  },
  snapshot: snapshotRule(types.volume, 'volumeId', { id: 'snap-', replaces: ['name', 'volumeId'] }),
  volumeAttachment: {
    id: ({ inputs }, world) => `${text(inputs.dropletId)}-${text(inputs.volumeId)}-${world.newId('', 6)}`,
    references: { dropletId: to(types.droplet, { onDelete: 'ends' }), volumeId: to(types.volume) },
    replaces: ['dropletId', 'volumeId'],
    refuse(desired, world) {
      if (holder(world, types.volumeAttachment, 'volumeId', desired)) {
        return digitaloceanError('POST', types.volume, 422, 'Volume is already attached to a Droplet.');
      }
      const isFar = !isNear(world, desired.inputs, world.find(types.volume, text(desired.inputs.volumeId)));
      return isFar
        ? digitaloceanError('POST', types.volume, 422, 'Droplet and volume are in different regions.')
        : null;
    },
  },
  droplet: {
    id: numbered,
    references: { vpcUuid: to(types.network) },
    replaces: [
      ...['image', 'region', 'sshKeys', 'userData', 'monitoring', 'dropletAgent', 'vpcUuid'],
      ...['publicNetworking', 'gpuPartitionMode'],
    ],
    restarts: ['size'],
    computed: ({ id }, world, before) => ({
      status: 'active',
      dropletUrn: `do:droplet:${id}`,
      ipv4Address: before.ipv4Address ?? world.newAddress(),
    }),
    refuse({ inputs }, world) {
      const network = world.find(types.network, text(inputs.vpcUuid));
      const isFar = network !== null && network.inputs.region !== inputs.region;
      return isFar ? digitaloceanError('POST', types.droplet, 422, 'VPC is in another region.') : null;
    },
  },
} satisfies Record<keyof typeof types, TypeRule>;
