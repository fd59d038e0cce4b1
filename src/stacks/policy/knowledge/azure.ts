import { type CloudKnowledge, listOf, type Opening, objectOf } from '../knowledge.ts';

/** The input with the name, by type; for other types it is `<type>Name`. */
const names: Readonly<Record<string, string>> = {
  'compute:VirtualMachine': 'vmName',
  'dns:RecordSet': 'relativeRecordSetName',
  'privatedns:RecordSet': 'relativeRecordSetName',
  'network:PublicIPAddress': 'publicIpAddressName',
  'authorization:ManagementLockByScope': 'lockName',
  'authorization:ManagementLockAtResourceGroupLevel': 'lockName',
};

const untagged = new Set([
  ...['network:Subnet', 'network:SecurityRule', 'dns:RecordSet', 'authorization:ManagementLockByScope'],
  ...['authorization:ManagementLockAtResourceGroupLevel', 'authorization:RoleAssignment'],
]);

function securityRule(rule: Readonly<Record<string, unknown>>): Opening[] {
  if (rule.direction === 'Outbound' || rule.access === 'Deny') return [];
  const texts = [
    rule.destinationPortRange,
    ...(Array.isArray(rule.destinationPortRanges) ? rule.destinationPortRanges : []),
  ];
  const given = texts.filter((text) => text !== undefined);
  const protocol = typeof rule.protocol === 'string' ? rule.protocol.toLowerCase().replace('*', 'any') : rule.protocol;
  return (given.length > 0 ? given : ['*']).map((text) => {
    if (typeof text !== 'string') return { from: text, to: text, protocol };
    const [from, to = from] = text === '*' ? [0, 65_535] : text.split('-').map(Number);
    return { from, to, protocol };
  });
}

/** Microsoft Azure through its native provider. Disks are always encrypted; the caches of a machine only on request. */
export const azureKnowledge: CloudKnowledge = {
  prefix: 'azure-native:',
  typeOf: (token) => token.slice('azure-native:'.length).replace(/\/v\d{8}(preview)?:/, ':'),
  volumes: new Set(['compute:Disk']),
  encryption: (type, { props }) =>
    type === 'compute:VirtualMachine' ? { 'the machine': objectOf(props.securityProfile).encryptionAtHost } : {},
  openings(type, { props }) {
    switch (type) {
      case 'network:NetworkSecurityGroup':
        return listOf(props.securityRules).flatMap(securityRule);
      case 'network:SecurityRule':
        return securityRule(props);
      case 'network:LoadBalancer':
        return [...listOf(props.loadBalancingRules), ...listOf(props.inboundNatRules)].map((rule) => ({
          ...{ from: rule.frontendPort, to: rule.frontendPort },
          protocol: typeof rule.protocol === 'string' ? rule.protocol.toLowerCase() : rule.protocol,
        }));
      default:
        return [];
    }
  },
  machineFaults(type, { props }) {
    if (type !== 'compute:VirtualMachine') return [];
    const { disablePasswordAuthentication } = objectOf(objectOf(props.osProfile).linuxConfiguration);
    const { securityType } = objectOf(props.securityProfile);
    return [
      ...(disablePasswordAuthentication === true ? [] : ['osProfile.linuxConfiguration.disablePasswordAuthentication']),
      ...(securityType === 'TrustedLaunch' ? [] : ['securityProfile.securityType']),
    ];
  },
  userData: (_type, { props }) =>
    [objectOf(props.osProfile).customData, props.userData].filter((text) => text !== undefined),
  tags: (type) => (untagged.has(type) ? null : 'tags'),
  naming(type) {
    const [, kind = ''] = type.split(':');
    return names[type] ?? `${kind.charAt(0).toLowerCase()}${kind.slice(1)}Name`;
  },
};
