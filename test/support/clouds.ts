import type { SuiteCloud } from './cloud-suite.ts';

/** The clouds, as the suite needs them. */
export const aws: SuiteCloud = {
  cloud: 'aws',
  types: { machine: 'instance:Instance', volume: 'volume:Volume', address: 'eip:Eip' },
  repeats: ['instance:Instance', 'ebs/volume:Volume', 'eip:Eip', 'vpc:Vpc'],
  leaf: 'lifecyclePolicy:LifecyclePolicy',
};

export const digitalocean: SuiteCloud = {
  cloud: 'digitalocean',
  types: { machine: 'droplet:Droplet', volume: 'volume:Volume', address: 'reservedIp:ReservedIp' },
  repeats: ['droplet:Droplet', 'reservedIp:ReservedIp', 'firewall:Firewall'],
  leaf: 'firewall:Firewall',
};

export const azure: SuiteCloud = {
  cloud: 'azure',
  types: { machine: 'compute:VirtualMachine', volume: 'compute:Disk', address: 'network:PublicIPAddress' },
  // Ids consist of names there, so a repetition is refused: the object of its first attempt blocks it.
  repeats: ['compute:VirtualMachine'],
  leaf: 'dataprotection:BackupInstance',
};

export const gcp: SuiteCloud = {
  cloud: 'gcp',
  types: { machine: 'instance:Instance', volume: 'disk:Disk', address: 'address:Address' },
  // One, because its repetition fails: resources that depend on it come with the next up.
  repeats: ['instance:Instance'],
  leaf: 'firewall:Firewall',
};
