import type { Properties } from '../../../src/stacks/provider/properties.ts';
import { same } from '../../../src/stacks/provider/properties.ts';
import { valuesAt } from '../paths.ts';
import type { Desired, DoubleObject, Reference, TypeRule, World } from '../rule-table.ts';
import { pendingSnapshot, snapshotRule } from '../snapshots.ts';
import { azureError } from './error-texts.ts';
import { armTypes, type TypeName, types } from './types.ts';

/**
 * What Azure and its native provider do with each type. An id consists of names, so a name exists once in its scope,
 * and creating it again is refused. A change in place is refused if Azure does not allow it.
 */

export const subscription = '00000000-0000-4000-8000-0000000a2e1e';
/** The existing operating system image. */
const newestVersion = '24.04.202611010';

export const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));
const to = (type: TypeName, more: Omit<Reference, 'type'> = {}): Reference => ({ type: types[type], ...more });
/** Refers to an object by name, which is unique in its group. */
const inGroup = (type: TypeName, more: Omit<Reference, 'type'>) => to(type, { ...more, within: 'resourceGroupName' });

/** The input with an object's own name, and with its parent's name if the parent is not the group. */
const naming: Readonly<Record<TypeName, { own: string; parent?: string }>> = {
  group: { own: 'resourceGroupName' },
  network: { own: 'virtualNetworkName' },
  subnet: { own: 'subnetName', parent: 'virtualNetworkName' },
  firewall: { own: 'networkSecurityGroupName' },
  address: { own: 'publicIpAddressName' },
  card: { own: 'networkInterfaceName' },
  balancer: { own: 'loadBalancerName' },
  zone: { own: 'zoneName' },
  record: { own: 'relativeRecordSetName', parent: 'zoneName' },
  disk: { own: 'diskName' },
  snapshot: { own: 'snapshotName' },
  machine: { own: 'vmName' },
  vault: { own: 'vaultName' },
  backupPolicy: { own: 'backupPolicyName', parent: 'vaultName' },
  snapshots: { own: 'backupInstanceName', parent: 'vaultName' },
};

/** The id that follows from a type's inputs. */
export function armId(type: TypeName, inputs: Properties): string {
  const group = `/subscriptions/${subscription}/resourceGroups/${text(inputs.resourceGroupName)}`;
  if (type === 'group') return group;
  const { own, parent } = naming[type];
  const [provider, kind, subKind] = armTypes[type].split('/');
  const path = parent ? [kind, text(inputs[parent]), subKind, text(inputs[own])] : [kind, text(inputs[own])];
  return [group, 'providers', provider, ...path].join('/');
}

/** What all types have in common; a change of names or location replaces the object. */
function rule(type: TypeName, more: Partial<TypeRule> = {}): TypeRule {
  const { own, parent } = naming[type];
  const place: Record<string, Reference> =
    type === 'group' ? {} : { resourceGroupName: to('group', { by: 'resourceGroupName', onDelete: 'ends' }) };
  return {
    ...more,
    id: ({ inputs }) => armId(type, inputs),
    references: { ...place, ...more.references },
    replaces: [
      ...new Set(['resourceGroupName', 'location', own, ...(parent ? [parent] : [])]),
      ...(more.replaces ?? []),
    ],
    computed: (desired, world, before) => ({
      ...more.computed?.(desired, world, before),
      ...{ name: desired.inputs[own], type: type === 'group' ? 'Microsoft.Resources/resourceGroups' : armTypes[type] },
    }),
  };
}

/** Refuses changes that Azure does not allow. */
function fixed(paths: string[], { inputs, before }: Desired & { before?: Properties }): string | null {
  const changed = before && paths.find((path) => !same(valuesAt(before, path), valuesAt(inputs, path)));
  return changed ? azureError(409, 'PropertyChangeNotAllowed', `Changing property '${changed}' is not allowed.`) : null;
}

/** Another object that refers to one of these, by the path of the reference. */
function holder(world: World, type: TypeName, path: string, { id, names }: { id?: string; names: unknown[] }) {
  const has = (each: DoubleObject) =>
    each.id !== id && valuesAt(each.inputs, path).some((name) => names.includes(name));
  return world.list(types[type]).find(has);
}

const cardAddress = 'ipConfigurations[].publicIPAddress.id';
const balancerAddress = 'frontendIPConfigurations[].publicIPAddress.id';
const snapshotSource = 'creationData.sourceResourceId';
const machineDisk = 'storageProfile.dataDisks[].managedDisk.id';
const machineCard = 'networkProfile.networkInterfaces[].id';

/** An address belongs to one network interface or load balancer at a time, whatever the order of the changes. */
function addressTaken(desired: Desired, path: string, world: World): string | null {
  const names = valuesAt(desired.inputs, path);
  const other =
    holder(world, 'card', cardAddress, { id: desired.id, names }) ??
    holder(world, 'balancer', balancerAddress, { id: desired.id, names });
  const sentence = `Resource ${desired.id ?? 'to be made'} is referencing public IP address ${text(names[0])} that is already allocated to resource ${other?.id}.`;
  return other ? azureError(400, 'PublicIPAddressInUse', sentence) : null;
}

function machineRefusal(desired: Desired & { before?: Properties }, world: World): string | null {
  const { id, inputs } = desired;
  const names = valuesAt(inputs, machineDisk);
  const other = holder(world, 'machine', machineDisk, { id, names });
  if (other) {
    const sentence = `Disk '${text(names[0])}' cannot be attached as the disk is already owned by VM '${other.id}'.`;
    return azureError(409, 'ConflictingUserInput', sentence);
  }
  const cards = valuesAt(inputs, machineCard);
  const user = holder(world, 'machine', machineCard, { id, names: cards });
  if (user)
    return azureError(400, 'NicInUse', `Network Interface ${text(cards[0])} is used by existing resource ${user.id}.`);
  const zones = valuesAt(inputs, 'zones[]');
  const isElsewhere = names.some(
    (name) => !same(valuesAt(world.find(types.disk, text(name))?.inputs ?? {}, 'zones[]'), zones),
  );
  if (isElsewhere) {
    return azureError(
      400,
      'BadRequest',
      `Disk ${text(names[0])} cannot be attached to the VM because it is not in zone '${zones.join()}'.`,
    );
  }
  const luns = valuesAt(inputs, 'storageProfile.dataDisks[].lun');
  if (new Set(luns).size !== luns.length) {
    return azureError(400, 'InvalidParameter', 'A disk at this LUN already exists.');
  }
  const [customData] = valuesAt(inputs, 'osProfile.customData');
  if (customData !== undefined && !/^[A-Za-z0-9+/]*={0,2}$/.test(text(customData))) {
    return azureError(
      400,
      'InvalidParameter',
      'Custom data in OSProfile must be in Base64 encoding and with a maximum length of 87380 characters.',
    );
  }
  const keys = valuesAt(inputs, 'osProfile.linuxConfiguration.ssh.publicKeys[].keyData');
  if (valuesAt(inputs, 'osProfile.linuxConfiguration.disablePasswordAuthentication')[0] === true && keys.length === 0) {
    const sentence = 'Authentication using either SSH or by user name and password must be enabled in Linux profile.';
    return azureError(400, 'InvalidParameter', sentence);
  }
  return fixed(['zones', 'osProfile', 'storageProfile.imageReference', 'storageProfile.osDisk.name'], desired);
}

export const rules: Record<TypeName, TypeRule> = {
  group: rule('group'),
  network: rule('network'),
  subnet: rule('subnet', {
    references: {
      virtualNetworkName: inGroup('network', { by: 'virtualNetworkName', onDelete: 'ends' }),
      'networkSecurityGroup.id': to('firewall'),
    },
  }),
  firewall: rule('firewall', {
    refuse({ inputs }) {
      const priorities = valuesAt(inputs, 'securityRules[].priority');
      const isTwice = new Set(priorities).size !== priorities.length;
      const sentence = 'Security rules have the same priority and direction.';
      return isTwice ? azureError(400, 'SecurityRuleConflict', sentence) : null;
    },
  }),
  address: rule('address', {
    computed: (_desired, world, before) => ({ ipAddress: before.ipAddress ?? world.newAddress() }),
    refuse(desired) {
      const isLoose =
        valuesAt(desired.inputs, 'sku.name')[0] === 'Standard' && desired.inputs.publicIPAllocationMethod !== 'Static';
      const sentence = 'Standard SKU public IP addresses must have the allocation method Static.';
      return isLoose
        ? azureError(400, 'PublicIPAddressWithStandardSkuCannotHaveDynamicAllocation', sentence)
        : fixed(['zones', 'sku'], desired);
    },
  }),
  card: rule('card', {
    references: {
      'ipConfigurations[].subnet.id': to('subnet'),
      [cardAddress]: to('address'),
    },
    refuse(desired, world) {
      const pools = valuesAt(desired.inputs, 'ipConfigurations[].loadBalancerBackendAddressPools[].id').map(text);
      const missing = pools.find((pool) => !world.find(types.balancer, pool.split('/backendAddressPools/')[0] ?? ''));
      const sentence = `Resource ${missing} referenced by the network interface was not found.`;
      return missing
        ? azureError(400, 'InvalidResourceReference', sentence)
        : addressTaken(desired, cardAddress, world);
    },
  }),
  balancer: rule('balancer', {
    references: { [balancerAddress]: to('address') },
    refuse: (desired, world) => addressTaken(desired, balancerAddress, world),
  }),
  zone: rule('zone'),
  record: rule('record', {
    references: { zoneName: inGroup('zone', { by: 'zoneName', onDelete: 'ends' }) },
    replaces: ['recordType'],
    computed: ({ inputs }) => ({ fqdn: `${text(inputs.relativeRecordSetName)}.${text(inputs.zoneName)}.` }),
  }),
  disk: rule('disk', {
    replaces: ['creationData'],
    refuse(desired) {
      const shrinks =
        desired.before !== undefined && Number(desired.inputs.diskSizeGB) < Number(desired.before.diskSizeGB);
      const sentence = 'Requested property change is not supported: a disk cannot be made smaller.';
      return shrinks ? azureError(409, 'OperationNotAllowed', sentence) : fixed(['zones'], desired);
    },
    refuseDelete({ id: volumeId }, world) {
      const pending = pendingSnapshot(world, { type: types.snapshot, source: snapshotSource, volumeId });
      const sentence = `Disk ${volumeId} is being copied to ${pending?.id} and cannot be deleted.`;
      return pending ? azureError(409, 'OperationNotAllowed', sentence) : null;
    },
  }),
  snapshot: rule('snapshot', snapshotRule(types.disk, snapshotSource, { id: '' })),
  machine: rule('machine', {
    references: { [machineDisk]: to('disk'), [machineCard]: to('card') },
    restarts: ['hardwareProfile'],
    computed: (_desired, world, before) => ({
      vmId: before.vmId ?? world.newId('', 32),
      storageProfile: before.storageProfile ?? { imageReference: { exactVersion: newestVersion } },
    }),
    refuse: machineRefusal,
  }),
  vault: rule('vault'),
  backupPolicy: rule('backupPolicy'),
  snapshots: rule('snapshots', {
    references: {
      vaultName: inGroup('vault', { by: 'vaultName' }),
      'properties.policyInfo.policyId': to('backupPolicy'),
      'properties.dataSourceInfo.resourceID': to('disk', { onDelete: 'stays' }),
    },
    replaces: ['properties.dataSourceInfo'],
  }),
};
