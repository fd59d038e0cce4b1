/** Resources of a stack, named for customers. */
const parts = {
  address: 'The address',
  association: 'The assignment of the address to the machine',
  record: 'The DNS record',
  'owner-txt': 'The DNS record with the owner of the name',
  'address-txt': 'The DNS record with the owner of the address',
  volume: 'The data volume',
  attachment: 'The attachment of the data volume to the machine',
  power: 'The start of the machine',
  snapshots: 'The schedule of daily snapshots',
  host: 'The machine',
  nic: 'The network interface of the machine',
  egress: 'The outbound address of the machine',
  place: 'The resource group',
  network: 'The network',
  subnet: 'The network',
  gateway: 'The internet gateway',
  routes: 'The route table',
  tag: 'The tag of the machines',
  firewall: 'The firewall',
  port: 'The firewall rule',
  outbound: 'The firewall',
  role: 'The identity',
  profile: 'The identity',
  balancer: 'The load balancer',
  group: 'The group of machines behind the load balancer',
  listener: 'The port of the load balancer',
  target: 'The target of the load balancer',
  unknown: 'A part',
} as const;

export const resources = {
  parts,
  /** One of several parts of a kind, with its node, machine or name. */
  partOf: '{part} of {of}',
  /** Result of a change of a part. */
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
  /** The zone of a server that is being built has no capacity. */
  zoneFull: 'Zone {zone} of {region} is full; the server is built in {next}.',
  /** A machine was switched off and on again; `restartedAfter` where the server did not answer meanwhile. */
  restarted: 'The machine of {node} was restarted; the server answers again ({done} of {total}).',
  restartedAfter:
    'The machine of {node} was restarted; the server answers again after {seconds} s ({done} of {total}).',
  /** Drift of a part, by the kind of difference. */
  differences: {
    missing: '{part} is gone at the cloud.',
    changed: '{part} was changed at the cloud.',
    foreign: '{part} is at the cloud but not part of the server.',
  },
} as const;
