import type { CloudName } from '../../contracts/stack.ts';

/** Clouds whose images boot by cloud-init. */
export type MachineCloud = Exclude<CloudName, 'local'>;

/** Name under which a stack attaches the data volume, on clouds where it can be chosen. */
export const dataDeviceName = 'freehold-data';

export interface Machine {
  /** Device paths of the data volume: shell patterns, of which each match must be a whole, unused disk. */
  dataDevices: string[];
  /** The cloud's limit for user data, in bytes as counted by `userDataSize`. */
  userDataLimit: number;
  /** Addresses of the metadata service that no container may reach. */
  metadataAddresses: string[];
}

const linkLocal = '169.254.169.254/32';

/** Differences between the machines of the clouds. */
export const machines: Readonly<Record<MachineCloud, Machine>> = {
  aws: {
    // Volumes of newer machine types are NVMe devices whatever name they were attached under; older ones are Xen
    // devices.
    dataDevices: ['/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol*', '/dev/xvdf', '/dev/sdf'],
    userDataLimit: 16_384,
    metadataAddresses: [linkLocal, 'fd00:ec2::254/128'],
  },
  digitalocean: {
    dataDevices: ['/dev/disk/by-id/scsi-0DO_Volume_*'],
    userDataLimit: 65_536,
    metadataAddresses: [linkLocal],
  },
  gcp: {
    dataDevices: [`/dev/disk/by-id/google-${dataDeviceName}`],
    userDataLimit: 262_144,
    // The same address is the machine's resolver there; the metadata service itself refuses requests without its own
    // header.
    metadataAddresses: [],
  },
  azure: {
    dataDevices: ['/dev/disk/azure/scsi1/lun0', '/dev/disk/azure/data/by-lun/0'],
    userDataLimit: 65_535,
    metadataAddresses: [linkLocal],
  },
};

/** The size of a document as its cloud counts it: Azure counts base64. */
export function userDataSize(cloud: MachineCloud, text: string): number {
  const bytes = Buffer.byteLength(text);
  return cloud === 'azure' ? Math.ceil(bytes / 3) * 4 : bytes;
}
