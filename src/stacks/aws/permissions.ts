/**
 * All actions of the stacks, the sweep by tag and this check at AWS. `docs/clouds/aws-policy.json` grants them; a test
 * keeps both in step.
 */
const ec2Reads = [
  ...['Addresses', 'AddressesAttribute', 'AvailabilityZones', 'Images', 'InstanceAttribute', 'InstanceStatus'],
  ...[
    'InstanceCreditSpecifications',
    'InstanceTypeOfferings',
    'InstanceTypes',
    'Instances',
    'InternetGateways',
    'NetworkAcls',
    'NetworkInterfaces',
  ],
  ...['RouteTables', 'SecurityGroupRules', 'SecurityGroups', 'Snapshots', 'Subnets', 'Tags', 'Volumes'],
  ...['VolumesModifications', 'VpcAttribute', 'Vpcs'],
].map((thing) => `ec2:Describe${thing}`);

const ec2Writes = [
  ...['AllocateAddress', 'AssociateAddress', 'DisassociateAddress', 'ReleaseAddress'],
  ...['CreateVpc', 'DeleteVpc', 'ModifyVpcAttribute', 'CreateSubnet', 'DeleteSubnet', 'ModifySubnetAttribute'],
  ...['CreateInternetGateway', 'AttachInternetGateway', 'DetachInternetGateway', 'DeleteInternetGateway'],
  ...['CreateRouteTable', 'DeleteRouteTable', 'CreateRoute', 'DeleteRoute', 'AssociateRouteTable'],
  ...['DisassociateRouteTable', 'CreateSecurityGroup', 'DeleteSecurityGroup', 'AuthorizeSecurityGroupIngress'],
  ...['AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress'],
  ...['ModifySecurityGroupRules', 'CreateVolume', 'DeleteVolume', 'ModifyVolume', 'AttachVolume', 'DetachVolume'],
  ...['CreateSnapshot', 'DeleteSnapshot', 'RunInstances', 'StartInstances', 'StopInstances', 'TerminateInstances'],
  ...['RebootInstances', 'ModifyInstanceAttribute', 'ModifyInstanceMetadataOptions', 'AssociateIamInstanceProfile'],
  ...['CreateTags', 'DeleteTags'],
].map((action) => `ec2:${action}`);

const others = [
  'sts:GetCallerIdentity',
  ...[
    ...['CreateRole', 'DeleteRole', 'GetRole', 'PassRole', 'TagRole', 'ListRolePolicies', 'ListAttachedRolePolicies'],
    ...['ListRoles', 'ListRoleTags', 'ListInstanceProfilesForRole', 'AttachRolePolicy', 'DetachRolePolicy'],
    ...['CreateInstanceProfile', 'DeleteInstanceProfile', 'GetInstanceProfile', 'TagInstanceProfile'],
    ...['ListInstanceProfiles', 'ListInstanceProfileTags', 'AddRoleToInstanceProfile'],
    ...['RemoveRoleFromInstanceProfile', 'SimulatePrincipalPolicy'],
  ].map((action) => `iam:${action}`),
  ...['GetHostedZone', 'GetChange', 'ListHostedZones', 'ListResourceRecordSets', 'ChangeResourceRecordSets'].map(
    (action) => `route53:${action}`,
  ),
  ...[
    'CreateLifecyclePolicy',
    'DeleteLifecyclePolicy',
    'GetLifecyclePolicy',
    'UpdateLifecyclePolicy',
    'TagResource',
    'ListTagsForResource',
  ].map((action) => `dlm:${action}`),
  'tag:GetResources',
  ...[
    ...['CreateLoadBalancer', 'DeleteLoadBalancer', 'DescribeLoadBalancers', 'DescribeLoadBalancerAttributes'],
    ...['ModifyLoadBalancerAttributes', 'CreateTargetGroup', 'DeleteTargetGroup', 'DescribeTargetGroups'],
    ...['DescribeTargetGroupAttributes', 'ModifyTargetGroup', 'ModifyTargetGroupAttributes', 'RegisterTargets'],
    ...['DeregisterTargets', 'DescribeTargetHealth', 'CreateListener', 'DeleteListener', 'DescribeListeners'],
    ...['DescribeListenerAttributes', 'DescribeTags', 'AddTags', 'RemoveTags'],
  ].map((action) => `elasticloadbalancing:${action}`),
];

export const awsActions: readonly string[] = [...ec2Reads, ...ec2Writes, ...others];
