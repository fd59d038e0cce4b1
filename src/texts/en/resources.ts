/** What a stack is made of, as its owner calls it. */
const parts = {
  address: 'The address',
  association: 'The way from the address to the machine',
  record: 'The DNS record',
  'owner-txt': 'The note of whose name it is',
  'address-txt': 'The note of whose address it is',
  volume: 'The data volume',
  attachment: 'The way from the data volume to the machine',
  power: 'The start of the machine',
  snapshots: 'The plan of daily snapshots',
  host: 'The machine',
  nic: 'The network card of the machine',
  egress: 'The way out of the machine',
  place: 'The place for all parts',
  network: 'The network',
  subnet: 'The network',
  gateway: 'The way out of the network',
  routes: 'The way out of the network',
  tag: 'The mark of the machines',
  firewall: 'The firewall',
  port: 'The opening of the firewall',
  outbound: 'The firewall',
  role: 'The identity',
  profile: 'The identity',
  balancer: 'The load balancer',
  group: 'The group of machines behind the load balancer',
  listener: 'The port of the load balancer',
  target: 'The place behind the load balancer',
  unknown: 'A part',
} as const;

export const resources = {
  parts,
  /** One of several parts of a kind: the node, machine or name that it is of. */
  partOf: '{part} of {of}',
  /** What became of a part. */
  succeeded: {
    create: '{part} was created ({done} of {total}).',
    replace: '{part} was replaced ({done} of {total}).',
    update: '{part} was changed ({done} of {total}).',
    delete: '{part} was removed ({done} of {total}).',
    read: '{part} was checked ({done} of {total}).',
  },
  failed: {
    create: '{part} could not be created ({done} of {total}).',
    replace: '{part} could not be replaced ({done} of {total}).',
    update: '{part} could not be changed ({done} of {total}).',
    delete: '{part} could not be removed ({done} of {total}).',
    read: '{part} could not be checked ({done} of {total}).',
  },
  /** The zone of a server that is being built has no room. */
  zoneFull: 'Zone {zone} of {region} is full; the server is built in {next}.',
  /** A machine was switched off and on again; `restartedAfter` where the server did not answer meanwhile. */
  restarted: 'The machine of {node} was restarted; the server answers again ({done} of {total}).',
  restartedAfter:
    'The machine of {node} was restarted; the server answers again after {seconds} s ({done} of {total}).',
  /** What is amiss with a part, by the change that was found. */
  differences: {
    missing: '{part} is gone at the cloud.',
    changed: '{part} was changed at the cloud.',
    foreign: '{part} is at the cloud beside those of the server.',
  },
} as const;
