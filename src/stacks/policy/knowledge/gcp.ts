import { type CloudKnowledge, listOf, type Opening, objectOf } from '../knowledge.ts';

const labelled = new Set([
  ...['compute/instance:Instance', 'compute/disk:Disk', 'compute/address:Address', 'compute/snapshot:Snapshot'],
  ...['compute/forwardingRule:ForwardingRule', 'compute/globalAddress:GlobalAddress'],
]);
const nameless = new Set([
  ...['compute/attachedDisk:AttachedDisk', 'compute/instanceGroupMembership:InstanceGroupMembership'],
]);

function ranges(ports: unknown, protocol: unknown): Opening[] {
  if (ports === undefined) return [{ from: 0, to: 65_535, protocol }];
  if (!Array.isArray(ports)) return [{ from: ports, to: ports, protocol }];
  return ports.map((text) => {
    const [from, to = from] = String(text).split('-').map(Number);
    return { from, to, protocol };
  });
}

const lower = (protocol: unknown) => (typeof protocol === 'string' ? protocol.toLowerCase() : protocol);

/** Google Cloud, which encrypts every disk. */
export const gcpKnowledge: CloudKnowledge = {
  prefix: 'gcp:',
  typeOf: (token) => token.slice('gcp:'.length),
  volumes: new Set(['compute/disk:Disk']),
  encryption: () => ({}),
  openings(type, { props }) {
    switch (type) {
      case 'compute/firewall:Firewall':
        if (props.direction === 'EGRESS') return [];
        return listOf(props.allows).flatMap(({ ports, protocol }) => ranges(ports, lower(protocol)));
      case 'compute/forwardingRule:ForwardingRule':
        return ranges(props.ports ?? (props.portRange && [props.portRange]), lower(props.ipProtocol ?? 'TCP'));
      default:
        return [];
    }
  },
  machineFaults(type, { props }) {
    if (type !== 'compute/instance:Instance') return [];
    const metadata = objectOf(props.metadata);
    const { enableSecureBoot } = objectOf(props.shieldedInstanceConfig);
    return [
      ...(metadata['block-project-ssh-keys'] === 'TRUE' ? [] : ['metadata.block-project-ssh-keys']),
      ...(metadata['ssh-keys'] === undefined ? [] : ['metadata.ssh-keys']),
      ...(isOff(metadata['serial-port-enable']) ? [] : ['metadata.serial-port-enable']),
      ...(props.serviceAccount === undefined ? [] : ['serviceAccount']),
      ...(enableSecureBoot === true ? [] : ['shieldedInstanceConfig.enableSecureBoot']),
    ];
  },
  userData: (type, { props }) => {
    if (type !== 'compute/instance:Instance') return [];
    const names = ['user-data', 'startup-script'];
    return [
      ...names.map((name) => objectOf(props.metadata)[name]).filter((text) => text !== undefined),
      ...(props.metadataStartupScript === undefined ? [] : [props.metadataStartupScript]),
    ];
  },
  tags: (type) => (labelled.has(type) ? 'labels' : null),
  naming: (type) => (nameless.has(type) ? null : 'name'),
};

const isOff = (value: unknown) => value === undefined || value === 'FALSE' || value === false;
