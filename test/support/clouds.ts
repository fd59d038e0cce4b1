import type { SuiteCloud } from './cloud-suite.ts';

/** The clouds as the suite needs to know them. */
export const aws: SuiteCloud = {
  cloud: 'aws',
  types: { machine: 'instance:Instance', volume: 'volume:Volume', address: 'eip:Eip' },
  repeats: ['instance:Instance', 'ebs/volume:Volume', 'eip:Eip', 'vpc:Vpc'],
};

export const digitalocean: SuiteCloud = {
  cloud: 'digitalocean',
  types: { machine: 'droplet:Droplet', volume: 'volume:Volume', address: 'reservedIp:ReservedIp' },
  repeats: ['droplet:Droplet', 'reservedIp:ReservedIp', 'firewall:Firewall'],
};
