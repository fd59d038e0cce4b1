import { generateKeyPairSync } from 'node:crypto';
import type { Disk } from '@pulumi/azure-native/compute/disk.js';
import { VirtualMachine } from '@pulumi/azure-native/compute/virtualMachine.js';
import { NetworkInterface } from '@pulumi/azure-native/network/networkInterface.js';
import type { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress.js';
import type { Subnet } from '@pulumi/azure-native/network/subnet.js';
import { type Input, type Output, output, type Resource } from '@pulumi/pulumi';
import { type Machine, machineKey, type ServerNode } from '../../contracts/stack.ts';
import { declareAddress } from './addresses.ts';
import type { Parts } from './parts.ts';

/** Machines by their keys, in the order of the spec. */
export type Machines = ReadonlyMap<string, VirtualMachine>;

/** The parts that only a node's serving machine has. */
interface ServingParts {
  volume: Disk;
  /** Null if a load balancer has the server's address. */
  address: PublicIPAddress | null;
  /** Id of the load balancer's pool. */
  pool: Output<string> | null;
}

/** Publisher, offer, kind and version, in the format of `az vm image list`. */
const newestImage = 'Canonical:ubuntu-24_04-lts:server:latest';
/** Azure always creates a user; nobody can sign in as this one. */
const adminUsername = 'unused';

/**
 * Every machine of a node. At Azure, address and volume are properties of machines, not separate links: one machine
 * must release them before another may have them. So the serving machine depends on all others of its node and is
 * changed after them, whichever machine it was before.
 */
export function declareMachines(
  parts: Parts,
  {
    node,
    servingParts,
    ...rest
  }: {
    node: ServerNode;
    servingParts: ServingParts;
    subnet: Subnet;
    after: Resource[];
    userData: Readonly<Record<string, Input<string>>>;
  },
): Machines {
  const others = node.machines.filter(({ name }) => name !== node.serving);
  const declared = new Map(
    others.map((machine) => [
      machine.name,
      declareMachine(parts, { ...rest, node, machine, before: [], servingParts: null }),
    ]),
  );
  const before = [...declared.values()];
  for (const machine of node.machines.filter(({ name }) => name === node.serving)) {
    declared.set(machine.name, declareMachine(parts, { ...rest, node, machine, before, servingParts }));
  }
  return new Map(node.machines.map((machine) => [machineKey(node, machine), declared.get(machine.name)!.host]));
}

interface DeclaredMachine {
  nic: NetworkInterface;
  host: VirtualMachine;
}

function declareMachine(
  parts: Parts,
  {
    node,
    machine,
    before,
    servingParts,
    subnet,
    after,
    userData,
  }: {
    node: ServerNode;
    machine: Machine;
    /** Machines that may still have what this one is about to get. */
    before: DeclaredMachine[];
    servingParts: ServingParts | null;
    subnet: Subnet;
    after: Resource[];
    userData: Readonly<Record<string, Input<string>>>;
  },
): DeclaredMachine {
  const { nameOf, tagsOf, placement, inside } = parts;
  const key = machineKey(node, machine);
  // Egress of a machine without an address of the server, above all at its first boot.
  const address = servingParts?.address ?? declareAddress(parts, `egress-${key}`, [node.zone]);
  const pool =
    servingParts && servingParts.pool !== null ? { loadBalancerBackendAddressPools: [{ id: servingParts.pool }] } : {};
  const nicName = `nic-${key}`;
  const nic = new NetworkInterface(
    nicName,
    {
      ...placement,
      networkInterfaceName: nameOf(nicName),
      ipConfigurations: [
        {
          ...{ name: 'main', primary: true, privateIPAllocationMethod: 'Dynamic', subnet: { id: subnet.id } },
          publicIPAddress: { id: address.id },
          ...pool,
        },
      ],
      tags: tagsOf(nicName),
    },
    inside({ dependsOn: before.map((each) => each.nic), deleteBeforeReplace: true }),
  );
  const resource = `host-${key}`;
  const host = new VirtualMachine(
    resource,
    {
      ...placement,
      vmName: nameOf(resource),
      zones: [node.zone],
      hardwareProfile: { vmSize: machine.size },
      securityProfile: {
        securityType: 'TrustedLaunch',
        uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
        encryptionAtHost: true,
      },
      storageProfile: {
        imageReference: readImage(machine.osImage ?? newestImage),
        osDisk: {
          ...{ name: nameOf(`root-${key}`), createOption: 'FromImage', diskSizeGB: 32, deleteOption: 'Delete' },
          managedDisk: { storageAccountType: 'StandardSSD_LRS' },
        },
        dataDisks: servingParts
          ? [{ lun: 0, createOption: 'Attach', deleteOption: 'Detach', managedDisk: { id: servingParts.volume.id } }]
          : [],
      },
      osProfile: {
        computerName: nameOf(resource),
        adminUsername,
        customData: output(userData[key] ?? '').apply((text) => Buffer.from(text).toString('base64')),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          provisionVMAgent: true,
          ssh: { publicKeys: [{ path: `/home/${adminUsername}/.ssh/authorized_keys`, keyData: unusableKey() }] },
        },
      },
      networkProfile: { networkInterfaces: [{ id: nic.id, primary: true, deleteOption: 'Detach' }] },
      // Azure's agent and serial console, the only ways to open a session.
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
      tags: tagsOf(resource),
    },
    inside({
      dependsOn: [...after, ...before.map((each) => each.host)],
      ignoreChanges: ['zones', 'osProfile', 'storageProfile.imageReference'],
      deleteBeforeReplace: true,
    }),
  );
  return { nic, host };
}

function readImage(name: string) {
  const [publisher, offer, sku, version] = name.split(':');
  return { publisher, offer, sku, version };
}

/** The image that a machine was created from, with its exact version even if the newest one was requested. */
export function imageOf({ storageProfile }: VirtualMachine): Output<string> {
  return storageProfile.apply((profile) => {
    const { publisher, offer, sku, version, exactVersion } = profile?.imageReference ?? {};
    return [publisher, offer, sku, exactVersion ?? version].join(':');
  });
}

/**
 * Azure requires a key if no password is allowed: this one's private half is stored nowhere. It differs each time;
 * changes of an existing one are ignored.
 */
function unusableKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([part(Buffer.from('ssh-ed25519')), part(Buffer.from(x, 'base64url'))]);
  return `ssh-ed25519 ${blob.toString('base64')} nobody`;
}
