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

/** What a node's serving machine has, and no other one. */
interface Belongings {
  volume: Disk;
  /** Null where a load balancer has the server's address. */
  address: PublicIPAddress | null;
  /** Id of the load balancer's pool. */
  pool: Output<string> | null;
}

/** Publisher, offer, kind and version, as `az vm image list` names an image. */
const newestImage = 'Canonical:ubuntu-24_04-lts:server:latest';
/** Azure makes a user whether one wants it or not; nobody can sign in as this one. */
const adminUsername = 'unused';

/**
 * Every machine of a node. Address and volume are properties of the machines here, at Azure, and not links of their own:
 * one machine must have let go of them before another may have them. So the machine that serves depends on all others of
 * its node, and is changed after them, whichever machine it was before.
 */
export function declareMachines(
  parts: Parts,
  {
    node,
    belongings,
    ...rest
  }: {
    node: ServerNode;
    belongings: Belongings;
    subnet: Subnet;
    after: Resource[];
    userData: Readonly<Record<string, Input<string>>>;
  },
): Machines {
  const others = node.machines.filter(({ name }) => name !== node.serving);
  const made = new Map(
    others.map((machine) => [machine.name, declareMachine(parts, { ...rest, node, machine, before: [], has: null })]),
  );
  const before = [...made.values()];
  for (const machine of node.machines.filter(({ name }) => name === node.serving)) {
    made.set(machine.name, declareMachine(parts, { ...rest, node, machine, before, has: belongings }));
  }
  return new Map(node.machines.map((machine) => [machineKey(node, machine), made.get(machine.name)!.host]));
}

interface Made {
  card: NetworkInterface;
  host: VirtualMachine;
}

function declareMachine(
  parts: Parts,
  {
    node,
    machine,
    before,
    has,
    subnet,
    after,
    userData,
  }: {
    node: ServerNode;
    machine: Machine;
    /** Machines that may still have what this one is to get. */
    before: Made[];
    has: Belongings | null;
    subnet: Subnet;
    after: Resource[];
    userData: Readonly<Record<string, Input<string>>>;
  },
): Made {
  const { nameOf, tagsOf, place, inside } = parts;
  const key = machineKey(node, machine);
  // The way out of a machine that has no address of the server, at its first boot above all.
  const address = has?.address ?? declareAddress(parts, `egress-${key}`, [node.zone]);
  const pool = has && has.pool !== null ? { loadBalancerBackendAddressPools: [{ id: has.pool }] } : {};
  const cardName = `nic-${key}`;
  const card = new NetworkInterface(
    cardName,
    {
      ...place,
      networkInterfaceName: nameOf(cardName),
      ipConfigurations: [
        {
          ...{ name: 'main', primary: true, privateIPAllocationMethod: 'Dynamic', subnet: { id: subnet.id } },
          publicIPAddress: { id: address.id },
          ...pool,
        },
      ],
      tags: tagsOf(cardName),
    },
    inside({ dependsOn: before.map((each) => each.card), deleteBeforeReplace: true }),
  );
  const resource = `host-${key}`;
  const host = new VirtualMachine(
    resource,
    {
      ...place,
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
        dataDisks: has
          ? [{ lun: 0, createOption: 'Attach', deleteOption: 'Detach', managedDisk: { id: has.volume.id } }]
          : [],
      },
      osProfile: {
        computerName: nameOf(resource),
        adminUsername,
        customData: output(userData[key] ?? '').apply((text) => Buffer.from(text).toString('base64')),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          provisionVMAgent: true,
          ssh: { publicKeys: [{ path: `/home/${adminUsername}/.ssh/authorized_keys`, keyData: nobodysKey() }] },
        },
      },
      networkProfile: { networkInterfaces: [{ id: card.id, primary: true, deleteOption: 'Detach' }] },
      // Azure's agent and serial console, the only ways to a session.
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
      tags: tagsOf(resource),
    },
    inside({
      dependsOn: [...after, ...before.map((each) => each.host)],
      ignoreChanges: ['zones', 'osProfile', 'storageProfile.imageReference'],
      deleteBeforeReplace: true,
    }),
  );
  return { card, host };
}

function readImage(name: string) {
  const [publisher, offer, sku, version] = name.split(':');
  return { publisher, offer, sku, version };
}

/** The image that a machine was made from, with its version even where the newest one was asked for. */
export function imageOf({ storageProfile }: VirtualMachine): Output<string> {
  return storageProfile.apply((profile) => {
    const { publisher, offer, sku, version, exactVersion } = profile?.imageReference ?? {};
    return [publisher, offer, sku, exactVersion ?? version].join(':');
  });
}

/**
 * Azure wants a key where it is to take no password: one whose other half is nowhere. Another one each time; what is there
 * already is ignored.
 */
function nobodysKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([part(Buffer.from('ssh-ed25519')), part(Buffer.from(x, 'base64url'))]);
  return `ssh-ed25519 ${blob.toString('base64')} nobody`;
}
