/**
 * Everything that the stacks, the sweeps, the restarts and `clouds check` may do at AWS. The policies in
 * `docs/clouds` are made from these grants; a test evaluates them against calls that must be allowed and attacks that
 * must not.
 */

/** Operators, context keys and values of an IAM condition. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** A statement of an IAM policy that allows something. */
export interface Grant {
  sid: string;
  actions: readonly string[];
  /** ARN patterns; `ACCOUNT_ID` and `HOSTED_ZONE_ID` stand for the installation's own. */
  resources: readonly string[];
  conditions?: Conditions;
}

/** Stand-ins in the policies, which an operator replaces. */
export const accountPlaceholder = 'ACCOUNT_ID';
export const zonePlaceholder = 'HOSTED_ZONE_ID';

/** The managed policy that limits every role of a server; `FREEHOLD_AWS_PERMISSIONS_BOUNDARY` names it. */
const boundaryArn = `arn:aws:iam::${accountPlaceholder}:policy/freehold/boundary`;
/** The only policies that roles of servers get, limited further by the boundary. */
export const hostPolicyArn = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore';
export const snapshotPolicyArn = 'arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole';
/** Publisher of the operating system's images, by account and by the alias of verified publishers. */
export const imageOwner = '099720109477';
const imageOwners = [imageOwner, 'amazon'];

const instanceTag = 'freehold:instance';
const snapshotTag = 'freehold:snapshot-of';
const isPresent = (key: string): Conditions => ({ Null: { [key]: 'false' } });
/** The call gives what it creates the tag of an instance. */
const tagsIt = isPresent(`aws:RequestTag/${instanceTag}`);
/** What the call is about has the tag of an instance. */
const isTagged = isPresent(`aws:ResourceTag/${instanceTag}`);

const ec2 = (...kinds: string[]) => kinds.map((kind) => `arn:aws:ec2:*:*:${kind}/*`);
const named = (service: string, verb: string, things: string) =>
  things.split(' ').map((thing) => `${service}:${verb}${thing}`);
const roles = `arn:aws:iam::${accountPlaceholder}:role/freehold/*`;
const profiles = `arn:aws:iam::${accountPlaceholder}:instance-profile/freehold/*`;

/** What a server's network, addresses, machines and volumes need. */
export const serverGrants: readonly Grant[] = [
  {
    sid: 'Create',
    actions: named('ec2', '', 'AllocateAddress CreateInternetGateway CreateSubnet CreateSecurityGroup CreateVolume'),
    resources: ec2('elastic-ip', 'internet-gateway', 'subnet', 'security-group', 'volume'),
    conditions: tagsIt,
  },
  { sid: 'CreateNetwork', actions: ['ec2:CreateVpc'], resources: ec2('vpc'), conditions: tagsIt },
  {
    sid: 'RunMachine',
    actions: ['ec2:RunInstances'],
    resources: ec2('instance'),
    conditions: { ...tagsIt, StringEquals: { 'ec2:MetadataHttpTokens': 'required' } },
  },
  {
    sid: 'RunImage',
    actions: ['ec2:RunInstances'],
    resources: ['arn:aws:ec2:*::image/*'],
    conditions: { StringEquals: { 'ec2:Owner': imageOwners } },
  },
  {
    // A new interface; one that already exists gets no public address in this call.
    sid: 'RunInterface',
    actions: ['ec2:RunInstances'],
    resources: ec2('network-interface'),
    conditions: { Bool: { 'ec2:AssociatePublicIpAddress': 'true' } },
  },
  { sid: 'RunRootDisk', actions: ['ec2:RunInstances'], resources: ec2('volume') },
  {
    // Machines get their interfaces without a tag; the address itself has to be a server's.
    sid: 'Interfaces',
    actions: named('ec2', '', 'AssociateAddress DisassociateAddress'),
    resources: ec2('network-interface'),
  },
  {
    // Rules are created without tags and are tagged right after; their group has to be a server's.
    sid: 'Rules',
    actions: named('ec2', 'AuthorizeSecurityGroup', 'Egress Ingress'),
    resources: ec2('security-group-rule'),
  },
  {
    // A new network's default table has neither tag nor name until its first route is set.
    sid: 'DefaultRoutes',
    actions: ['ec2:CreateRoute'],
    resources: ec2('route-table'),
    conditions: { Null: { 'aws:ResourceTag/Name': 'true' } },
  },
  {
    sid: 'Change',
    actions: [
      ...named('ec2', '', 'AssociateAddress DisassociateAddress ReleaseAddress AttachInternetGateway'),
      ...named(
        'ec2',
        '',
        'DetachInternetGateway DeleteInternetGateway CreateSubnet DeleteSubnet ModifySubnetAttribute',
      ),
      ...named('ec2', '', 'DeleteVpc ModifyVpcAttribute CreateRoute ReplaceRoute DeleteRoute CreateSecurityGroup'),
      ...named('ec2', '', 'DeleteSecurityGroup AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress'),
      ...named('ec2', '', 'RevokeSecurityGroupEgress RevokeSecurityGroupIngress ModifySecurityGroupRules'),
      ...named('ec2', '', 'DeleteVolume ModifyVolume AttachVolume DetachVolume CreateSnapshot RunInstances'),
      ...named('ec2', '', 'StartInstances StopInstances RebootInstances TerminateInstances ModifyInstanceAttribute'),
      'ec2:GetConsoleOutput',
      ...named('ec2', '', 'ModifyInstanceMetadataOptions AssociateIamInstanceProfile CreateTags DeleteTags'),
    ],
    resources: ['arn:aws:ec2:*:*:*'],
    conditions: isTagged,
  },
  {
    sid: 'MakeSnapshot',
    actions: ['ec2:CreateSnapshot'],
    resources: ['arn:aws:ec2:*::snapshot/*'],
    conditions: isPresent(`aws:RequestTag/${snapshotTag}`),
  },
  {
    sid: 'RemoveSnapshot',
    actions: ['ec2:DeleteSnapshot'],
    resources: ['arn:aws:ec2:*::snapshot/*'],
    conditions: isPresent(`aws:ResourceTag/${snapshotTag}`),
  },
  {
    sid: 'TagNew',
    actions: ['ec2:CreateTags'],
    resources: ['arn:aws:ec2:*:*:*'],
    conditions: {
      StringEquals: {
        'ec2:CreateAction': [
          ...['AllocateAddress', 'CreateInternetGateway', 'CreateSubnet', 'CreateSecurityGroup', 'CreateVolume'],
          ...['CreateVpc', 'CreateSnapshot', 'RunInstances'],
        ],
      },
    },
  },
  {
    sid: 'TagRules',
    actions: ['ec2:CreateTags'],
    resources: ec2('security-group-rule'),
    conditions: tagsIt,
  },
  {
    sid: 'TagRoutes',
    actions: ['ec2:CreateTags'],
    resources: ec2('route-table'),
    conditions: { Null: { [`aws:RequestTag/${instanceTag}`]: 'false', 'aws:ResourceTag/Name': 'true' } },
  },
  {
    // A machine's root disk is tagged after its creation, by a tag that allows nothing else.
    sid: 'TagRootDisk',
    actions: ['ec2:CreateTags'],
    resources: ec2('volume'),
    conditions: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['freehold:root-of', 'Name'] } },
  },
];

/** Identities of machines and snapshots, records, load balancers and schedules; and everything that only reads. */
export const serviceGrants: readonly Grant[] = [
  {
    sid: 'CreateRole',
    actions: named('iam', '', 'CreateRole PutRolePermissionsBoundary'),
    resources: [roles],
    conditions: { StringEquals: { 'iam:PermissionsBoundary': boundaryArn } },
  },
  {
    sid: 'GiveRole',
    actions: ['iam:AttachRolePolicy'],
    resources: [roles],
    conditions: {
      StringEquals: { 'iam:PermissionsBoundary': boundaryArn },
      ArnEquals: { 'iam:PolicyARN': [hostPolicyArn, snapshotPolicyArn] },
    },
  },
  {
    sid: 'Identities',
    actions: [
      ...named('iam', '', 'DeleteRole GetRole TagRole ListRolePolicies ListAttachedRolePolicies ListRoleTags'),
      ...named('iam', '', 'ListInstanceProfilesForRole DetachRolePolicy CreateInstanceProfile DeleteInstanceProfile'),
      ...named('iam', '', 'GetInstanceProfile TagInstanceProfile ListInstanceProfileTags AddRoleToInstanceProfile'),
      'iam:RemoveRoleFromInstanceProfile',
    ],
    resources: [roles, profiles],
  },
  {
    sid: 'PassRole',
    actions: ['iam:PassRole'],
    resources: [roles],
    conditions: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'dlm.amazonaws.com'] } },
  },
  {
    sid: 'Records',
    actions: ['route53:ChangeResourceRecordSets'],
    resources: [`arn:aws:route53:::hostedzone/${zonePlaceholder}`],
    conditions: { 'ForAllValues:StringEquals': { 'route53:ChangeResourceRecordSetsRecordTypes': ['A', 'TXT'] } },
  },
  {
    sid: 'CreateBalancer',
    actions: named('elasticloadbalancing', 'Create', 'LoadBalancer TargetGroup'),
    resources: ['arn:aws:elasticloadbalancing:*:*:*'],
    conditions: tagsIt,
  },
  {
    sid: 'TagBalancer',
    actions: ['elasticloadbalancing:AddTags'],
    resources: ['arn:aws:elasticloadbalancing:*:*:*'],
    conditions: {
      StringEquals: {
        'elasticloadbalancing:CreateAction': ['CreateLoadBalancer', 'CreateTargetGroup', 'CreateListener'],
      },
    },
  },
  {
    sid: 'ChangeBalancer',
    actions: named(
      'elasticloadbalancing',
      '',
      'CreateListener DeleteListener DeleteLoadBalancer DeleteTargetGroup ModifyLoadBalancerAttributes ' +
        'ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets DeregisterTargets AddTags RemoveTags',
    ),
    resources: ['arn:aws:elasticloadbalancing:*:*:*'],
    conditions: isTagged,
  },
  {
    sid: 'CreateSchedule',
    actions: named('dlm', '', 'CreateLifecyclePolicy TagResource'),
    resources: ['*'],
    conditions: tagsIt,
  },
  {
    sid: 'ChangeSchedule',
    actions: named('dlm', '', 'DeleteLifecyclePolicy UpdateLifecyclePolicy'),
    resources: ['arn:aws:dlm:*:*:policy/*'],
    conditions: isTagged,
  },
  {
    sid: 'Read',
    actions: [
      ...named('ec2', 'Describe', 'Addresses AddressesAttribute AvailabilityZones Images InstanceAttribute'),
      ...named('ec2', 'Describe', 'InstanceCreditSpecifications InstanceStatus InstanceTypeOfferings InstanceTypes'),
      ...named('ec2', 'Describe', 'Instances InternetGateways NetworkAcls NetworkInterfaces RouteTables'),
      ...named('ec2', 'Describe', 'SecurityGroupRules SecurityGroups Snapshots Subnets Tags Volumes'),
      ...named('ec2', 'Describe', 'VolumesModifications VpcAttribute Vpcs'),
      ...named('elasticloadbalancing', 'Describe', 'LoadBalancers LoadBalancerAttributes TargetGroups'),
      ...named('elasticloadbalancing', 'Describe', 'TargetGroupAttributes TargetHealth Listeners ListenerAttributes'),
      'elasticloadbalancing:DescribeTags',
      ...named('dlm', '', 'GetLifecyclePolicy ListTagsForResource'),
      ...named('iam', '', 'ListRoles ListInstanceProfiles SimulatePrincipalPolicy'),
      ...named('route53', '', 'GetHostedZone GetChange ListHostedZones ListResourceRecordSets'),
      ...['sts:GetCallerIdentity', 'tag:GetResources'],
    ],
    resources: ['*'],
  },
];

/** Everything that the provision workers are granted. */
export const awsGrants: readonly Grant[] = [...serverGrants, ...serviceGrants];

/** Every action of the grants, once. */
export const awsActions: readonly string[] = [...new Set(awsGrants.flatMap(({ actions }) => actions))];

/**
 * The most that any role of a server can ever do, whatever policies it has: sessions of the SSM agent, and snapshots of
 * servers' volumes.
 */
export const boundaryGrants: readonly Grant[] = [
  {
    sid: 'Sessions',
    actions: [
      'ssm:UpdateInstanceInformation',
      ...['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map(
        (action) => `ssmmessages:${action}`,
      ),
    ],
    resources: ['*'],
  },
  {
    sid: 'Snapshots',
    actions: named('ec2', 'Create', 'Snapshot Snapshots'),
    resources: ec2('volume'),
    conditions: isTagged,
  },
  {
    sid: 'NewSnapshots',
    actions: named('ec2', 'Create', 'Snapshot Snapshots Tags'),
    resources: ['arn:aws:ec2:*::snapshot/*'],
  },
  {
    sid: 'OldSnapshots',
    actions: ['ec2:DeleteSnapshot'],
    resources: ['arn:aws:ec2:*::snapshot/*'],
    conditions: isPresent(`aws:ResourceTag/${snapshotTag}`),
  },
  {
    sid: 'ReadSnapshots',
    actions: named('ec2', 'Describe', 'Instances Snapshots Volumes'),
    resources: ['*'],
  },
];

/** The grants as a policy document of IAM. */
export function policyOf(grants: readonly Grant[]) {
  return {
    Version: '2012-10-17',
    Statement: grants.map(({ sid, actions, resources, conditions }) => ({
      ...{ Sid: sid, Effect: 'Allow', Action: [...actions].sort(), Resource: [...resources] },
      ...(conditions ? { Condition: conditions } : {}),
    })),
  };
}

/** A call that a grant allows: one resource, and the context that its conditions ask for. */
export interface ExampleCall {
  resource: string;
  /** Values by context key. */
  context: Readonly<Record<string, readonly string[]>>;
}

/** An example of what a grant allows in an account with this zone and this boundary. */
export function exampleOf(
  { resources, conditions = {} }: Grant,
  own: { account: string; zone: string; boundary: string },
): ExampleCall {
  const fill = (text: string) =>
    text.replace(boundaryArn, own.boundary).replace(accountPlaceholder, own.account).replace(zonePlaceholder, own.zone);
  const context: Record<string, readonly string[]> = {};
  for (const [operator, keys] of Object.entries(conditions)) {
    for (const [key, value] of Object.entries(keys)) {
      if (operator !== 'Null') context[key] = [value].flat().slice(0, 1).map(fill);
      else if (value === 'false') context[key] = ['example'];
    }
  }
  return { resource: exampleResource(fill(resources[0]!)), context };
}

/** An ARN that the pattern matches. */
function exampleResource(pattern: string): string {
  if (pattern === '*') return pattern;
  const [arn, partition, service, region, account, ...rest] = pattern.split(':');
  const exact = [arn, partition, service, region === '*' ? 'us-east-1' : region];
  const resource = rest.join(':').replaceAll('*', rest.join(':') === '*' ? 'instance/example' : 'example');
  return [...exact, account === '*' ? '123456789012' : account, resource].join(':');
}
