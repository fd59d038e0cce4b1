import { type CloudKnowledge, listOf, type Opening, objectOf } from '../knowledge.ts';

/** Neither of them takes tags. */
const untagged = new Set([
  ...['ec2/routeTableAssociation:RouteTableAssociation', 'ec2/route:Route', 'ec2/volumeAttachment:VolumeAttachment'],
  ...['ec2/eipAssociation:EipAssociation', 'ec2/securityGroupRule:SecurityGroupRule', 'route53/record:Record'],
  ...['ec2transitgateway/instanceState:InstanceState'],
  ...['iam/rolePolicyAttachment:RolePolicyAttachment', 'iam/rolePolicy:RolePolicy'],
  ...['lb/targetGroupAttachment:TargetGroupAttachment', 'acm/certificateValidation:CertificateValidation'],
]);

/** The engine generates a name for these if the program gives none; all others show a tag `Name`. */
const named = new Set([
  ...['ec2/securityGroup:SecurityGroup', 'ec2/launchTemplate:LaunchTemplate', 'ec2/placementGroup:PlacementGroup'],
  ...['iam/role:Role', 'iam/instanceProfile:InstanceProfile', 'iam/policy:Policy', 'route53/record:Record'],
  ...['lb/loadBalancer:LoadBalancer', 'lb/targetGroup:TargetGroup'],
]);

function ingress(rule: Readonly<Record<string, unknown>>): Opening {
  const protocol = rule.ipProtocol ?? rule.protocol;
  return protocol === '-1' || protocol === 'all'
    ? { from: 0, to: 65_535, protocol: 'any' }
    : { from: rule.fromPort, to: rule.toPort, protocol };
}

/** Amazon Web Services. */
export const awsKnowledge: CloudKnowledge = {
  prefix: 'aws:',
  typeOf: (token) => token.slice('aws:'.length),
  volumes: new Set(['ebs/volume:Volume']),
  encryption(type, { props }) {
    switch (type) {
      case 'ebs/volume:Volume':
        return { 'the volume': props.encrypted };
      case 'ec2/instance:Instance':
        return {
          'the root disk': objectOf(props.rootBlockDevice).encrypted,
          ...disks(listOf(props.ebsBlockDevices).map(({ encrypted }) => encrypted)),
        };
      case 'ec2/launchTemplate:LaunchTemplate':
        return disks(listOf(props.blockDeviceMappings).map(({ ebs }) => String(objectOf(ebs).encrypted) === 'true'));
      default:
        return {};
    }
  },
  openings(type, { props }) {
    switch (type) {
      case 'vpc/securityGroupIngressRule:SecurityGroupIngressRule':
        return [ingress(props)];
      case 'ec2/securityGroupRule:SecurityGroupRule':
        return props.type === 'egress' ? [] : [ingress(props)];
      case 'ec2/securityGroup:SecurityGroup':
      case 'ec2/defaultSecurityGroup:DefaultSecurityGroup':
        return listOf(props.ingress).map(ingress);
      case 'lb/listener:Listener':
        return [{ from: props.port, to: props.port, protocol: props.protocol === 'UDP' ? 'udp' : 'tcp' }];
      default:
        return [];
    }
  },
  machineFaults(type, { props }) {
    if (type === 'iam/role:Role') return props.permissionsBoundary === undefined ? ['permissionsBoundary'] : [];
    if (type !== 'ec2/instance:Instance' && type !== 'ec2/launchTemplate:LaunchTemplate') return [];
    const { httpTokens, httpPutResponseHopLimit } = objectOf(props.metadataOptions);
    return [
      ...(httpTokens === 'required' ? [] : ['metadataOptions.httpTokens']),
      ...(httpPutResponseHopLimit === 1 ? [] : ['metadataOptions.httpPutResponseHopLimit']),
      ...(props.keyName === undefined ? [] : ['keyName']),
    ];
  },
  userData: (_type, { props }) => [props.userData, props.userDataBase64].filter((text) => text !== undefined),
  tags: (type) => (untagged.has(type) ? null : 'tags'),
  naming: (type) => (named.has(type) ? 'name' : untagged.has(type) ? null : 'tags.Name'),
};

const disks = (states: unknown[]) => Object.fromEntries(states.map((state, index) => [`disk ${index + 1}`, state]));
