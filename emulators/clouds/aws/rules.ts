import type { Properties } from '../../../src/stacks/provider/properties.ts';
import type { DoubleObject, Reference, TypeRule, World } from '../rule-table.ts';
import { pendingSnapshot, snapshotRule } from '../snapshots.ts';
import { awsError } from './error-texts.ts';
import { types } from './types.ts';

/**
 * What AWS and its provider (pulumi-aws 7, which uses the Terraform provider) do with each type: properties marked
 * ForceNew there require a replacement.
 */

export const account = '000000000000';
/** The policy that the account's roles have to be limited by: what the policy in `docs/clouds` demands. */
export const boundaryArn = `arn:aws:iam::${account}:policy/freehold/boundary`;
/** Prefix of the ids of the existing operating system images. */
export const imagePrefix = 'ami-0f4ee';

const to = (type: string, more: Omit<Reference, 'type'> = {}): Reference => ({ type, ...more });
export const text = (value: unknown) => (value === undefined ? '' : String(value));
const arn = (service: string, region: string, resource: string) =>
  `arn:aws:${service}:${region}:${account}:${resource}`;
const ec2Arn = (kind: string) => (desired: { id: string; region: string }) => ({
  arn: arn('ec2', desired.region, `${kind}/${desired.id}`),
});
const iamArn = (kind: string) => (desired: { inputs: Properties }) => ({
  arn: `arn:aws:iam::${account}:${kind}${text(desired.inputs.path ?? '/')}${text(desired.inputs.name)}`,
});
const nameOf = ({ inputs }: { inputs: Properties }) => text(inputs.name);
const nameInRegion = ({ region, inputs }: { region: string; inputs: Properties }) => `${region} ${text(inputs.name)}`;
const digits = (count: number, world: World) => world.newId('', count);

/** A link between the same objects exists once, however often it is created. */
const found = (type: string, inputs: readonly string[]) => (desired: { inputs: Properties }, world: World) =>
  world.list(type).find((object) => inputs.every((name) => object.inputs[name] === desired.inputs[name]));

/** Rules of one security group must differ. */
const portRule: TypeRule = {
  id: 'sgr-0',
  references: { securityGroupId: to(types.securityGroup, { onDelete: 'ends' }) },
  replaces: ['securityGroupId'],
  computed: (desired) => ({ ...ec2Arn('security-group-rule')(desired), securityGroupRuleId: desired.id }),
  unique: ({ inputs }) =>
    ['securityGroupId', 'ipProtocol', 'fromPort', 'toPort', 'cidrIpv4', 'cidrIpv6']
      .map((name) => text(inputs[name]))
      .join(' '),
};

const network = {
  vpc: {
    id: 'vpc-0',
    replaces: ['cidrBlock', 'ipv4IpamPoolId', 'instanceTenancy'],
    computed: (desired, world, before) => ({
      ...ec2Arn('vpc')(desired),
      defaultRouteTableId: before.defaultRouteTableId ?? world.newId('rtb-0'),
    }),
  },
  gateway: { id: 'igw-0', references: { vpcId: to(types.vpc) }, computed: ec2Arn('internet-gateway') },
  subnet: {
    id: 'subnet-0',
    references: { vpcId: to(types.vpc) },
    replaces: ['vpcId', 'cidrBlock', 'availabilityZone'],
    computed: ec2Arn('subnet'),
    unique: ({ inputs }) => `${text(inputs.vpcId)} ${text(inputs.cidrBlock)}`,
  },
  routes: {
    id: ({ inputs }) => text(inputs.defaultRouteTableId),
    references: {
      defaultRouteTableId: to(types.vpc, { by: 'defaultRouteTableId', onDelete: 'ends' }),
      'routes[].gatewayId': to(types.gateway, { onDelete: 'stays' }),
    },
    replaces: ['defaultRouteTableId'],
    computed: ec2Arn('route-table'),
    // It is created with its network; the provider adopts it.
    adopts: ({ inputs }, world) => world.find(types.routes, text(inputs.defaultRouteTableId)) ?? undefined,
  },
  securityGroup: {
    id: 'sg-0',
    references: { vpcId: to(types.vpc) },
    replaces: ['name', 'namePrefix', 'description', 'vpcId'],
    computed: ec2Arn('security-group'),
    unique: ({ inputs }) => `${text(inputs.vpcId)} ${text(inputs.name)}`,
  },
  ingress: portRule,
  egress: portRule,
} satisfies Record<string, TypeRule>;

const identity = {
  role: {
    id: nameOf,
    replaces: ['name', 'namePrefix', 'path'],
    computed: iamArn('role'),
    unique: nameOf,
    refuse: ({ inputs }) =>
      inputs.permissionsBoundary === boundaryArn
        ? null
        : awsError('CreateRole', 'AccessDenied', `not authorized to perform: iam:CreateRole on ${text(inputs.name)}`),
  },
  rolePolicy: {
    id: ({ inputs }) => `${text(inputs.role)}/${text(inputs.policyArn)}`,
    references: { role: to(types.role, { by: 'name', onDelete: 'released', releasedIf: 'forceDetachPolicies' }) },
    replaces: ['role', 'policyArn'],
    adopts: found(types.rolePolicy, ['role', 'policyArn']),
  },
  profile: {
    id: nameOf,
    references: { role: to(types.role, { by: 'name' }) },
    replaces: ['name', 'namePrefix', 'path'],
    computed: iamArn('instance-profile'),
    unique: nameOf,
  },
} satisfies Record<string, TypeRule>;

const names = {
  eip: {
    id: 'eipalloc-0',
    replaces: ['domain', 'address', 'publicIpv4Pool', 'networkBorderGroup'],
    computed: (desired, world, before) => ({
      arn: arn('ec2', desired.region, `elastic-ip/${desired.id}`),
      allocationId: desired.id,
      publicIp: before.publicIp ?? world.newAddress(),
    }),
  },
  eipAssociation: {
    id: 'eipassoc-0',
    references: {
      allocationId: to(types.eip, { onDelete: 'released' }),
      instanceId: to(types.instance, { onDelete: 'ends' }),
    },
    replaces: ['allocationId', 'instanceId', 'networkInterfaceId', 'privateIpAddress', 'publicIp'],
    adopts: found(types.eipAssociation, ['allocationId', 'instanceId']),
    computed: ({ inputs }, world) => ({
      publicIp: world.find(types.eip, text(inputs.allocationId))?.computed.publicIp,
    }),
    refuse({ id, inputs: { allocationId } }, world) {
      const isOther = (each: DoubleObject) => each.id !== id && each.inputs.allocationId === allocationId;
      const other = world.list(types.eipAssociation).find(isOther);
      const sentence = `resource ${text(allocationId)} is already associated with associate-id ${other?.id}`;
      return other ? awsError('AssociateAddress', 'Resource.AlreadyAssociated', sentence) : null;
    },
  },
  zone: { id: 'Z' },
  record: {
    id: ({ inputs }) => `${text(inputs.zoneId)}_${text(inputs.name)}_${text(inputs.type)}`,
    references: { zoneId: to(types.zone) },
    replaces: ['zoneId', 'name', 'type', 'setIdentifier'],
    computed: ({ inputs }) => ({ fqdn: inputs.name }),
  },
} satisfies Record<string, TypeRule>;

const machines = {
  volume: {
    id: 'vol-0',
    replaces: ['availabilityZone', 'encrypted', 'kmsKeyId', 'snapshotId', 'outpostArn', 'multiAttachEnabled'],
    computed: ec2Arn('volume'),
    refuse({ inputs, before }) {
      const shrinks = before !== undefined && Number(inputs.size) < Number(before.size);
      const sentence = `New size cannot be smaller than existing size of ${text(before?.size)} GiB`;
      return shrinks ? awsError('ModifyVolume', 'InvalidParameterValue', sentence) : null;
    },
    refuseDelete({ id: volumeId }, world) {
      const pending = pendingSnapshot(world, { type: types.snapshot, source: 'volumeId', volumeId });
      const sentence = `Volume ${volumeId} has a pending snapshot (${pending?.id})`;
      return pending ? awsError('DeleteVolume', 'IncorrectState', sentence) : null;
    },
  },
  snapshot: snapshotRule(types.volume, 'volumeId', { id: 'snap-0', computed: ec2Arn('snapshot') }),
  volumeAttachment: {
    id: (_desired, world) => `vai-${digits(10, world)}`,
    references: { volumeId: to(types.volume), instanceId: to(types.instance, { onDelete: 'ends' }) },
    replaces: ['deviceName', 'instanceId', 'volumeId'],
    adopts: found(types.volumeAttachment, ['deviceName', 'instanceId', 'volumeId']),
    refuse({ id, inputs }, world) {
      const volume = world.find(types.volume, text(inputs.volumeId));
      const instance = world.find(types.instance, text(inputs.instanceId));
      const isAttached = (other: DoubleObject) => other.id !== id && other.inputs.volumeId === inputs.volumeId;
      if (world.list(types.volumeAttachment).some(isAttached)) {
        return awsError('AttachVolume', 'VolumeInUse', `${volume?.id} is already attached to an instance`);
      }
      const sentence = `The volume '${volume?.id}' is not in the same availability zone as instance '${instance?.id}'`;
      const isElsewhere = volume?.inputs.availabilityZone !== instance?.computed.availabilityZone;
      return isElsewhere ? awsError('AttachVolume', 'InvalidVolume.ZoneMismatch', sentence) : null;
    },
  },
  instance: {
    id: 'i-0',
    references: {
      subnetId: to(types.subnet),
      'vpcSecurityGroupIds[]': to(types.securityGroup),
      iamInstanceProfile: to(types.profile, { by: 'name', onDelete: 'stays' }),
    },
    replaces: [
      ...['ami', 'availabilityZone', 'subnetId', 'keyName', 'associatePublicIpAddress', 'privateIp', 'tenancy'],
      ...['rootBlockDevice.encrypted', 'rootBlockDevice.kmsKeyId'],
    ],
    restarts: ['instanceType', 'userData'],
    protection: { input: 'disableApiTermination', unless: 'forceDestroy' },
    computed: (desired, world, before) => ({
      ...ec2Arn('instance')(desired),
      instanceState: 'running',
      availabilityZone: world.find(types.subnet, text(desired.inputs.subnetId))?.inputs.availabilityZone,
      privateIp: before.privateIp ?? '10.0.0.10',
      primaryNetworkInterfaceId: before.primaryNetworkInterfaceId ?? world.newId('eni-0', 16),
    }),
    refuse({ inputs: { ami } }) {
      const sentence = `The image id '[${text(ami)}]' does not exist`;
      return text(ami).startsWith(imagePrefix) ? null : awsError('RunInstances', 'InvalidAMIID.NotFound', sentence);
    },
  },
  power: {
    id: ({ inputs }) => text(inputs.instanceId),
    references: { instanceId: to(types.instance, { onDelete: 'ends' }) },
    replaces: ['instanceId'],
    adopts: found(types.power, ['instanceId']),
  },
  snapshots: {
    id: 'policy-0',
    references: { executionRoleArn: to(types.role, { by: 'arn', onDelete: 'stays' }) },
    computed: (desired) => ({ arn: arn('dlm', desired.region, `policy/${desired.id}`) }),
  },
} satisfies Record<string, TypeRule>;

const balancing = {
  loadBalancer: {
    id: ({ region, inputs }, world) =>
      arn('elasticloadbalancing', region, `loadbalancer/net/${text(inputs.name)}/${digits(16, world)}`),
    references: { 'subnetMappings[].subnetId': to(types.subnet), 'subnetMappings[].allocationId': to(types.eip) },
    replaces: ['name', 'namePrefix', 'internal', 'loadBalancerType', 'subnetMappings', 'subnets'],
    protection: { input: 'enableDeletionProtection' },
    computed: ({ id, region, inputs }) => ({
      ...{ arn: id, dnsName: `${text(inputs.name)}.elb.${region}.amazonaws.com`, zoneId: 'ZELBDOUBLE' },
    }),
    unique: nameInRegion,
  },
  targetGroup: {
    id: ({ region, inputs }, world) =>
      arn('elasticloadbalancing', region, `targetgroup/${text(inputs.name)}/${digits(16, world)}`),
    references: { vpcId: to(types.vpc) },
    replaces: ['name', 'namePrefix', 'port', 'protocol', 'vpcId', 'targetType'],
    computed: ({ id }) => ({ arn: id }),
    unique: nameInRegion,
  },
  target: {
    id: ({ inputs }, world) => `${text(inputs.targetGroupArn)}-${digits(26, world)}`,
    references: {
      targetGroupArn: to(types.targetGroup, { onDelete: 'ends' }),
      targetId: to(types.instance, { onDelete: 'ends' }),
    },
    replaces: ['targetGroupArn', 'targetId', 'port', 'availabilityZone'],
    adopts: found(types.target, ['targetGroupArn', 'targetId', 'port']),
  },
  listener: {
    id: ({ inputs }, world) =>
      `${text(inputs.loadBalancerArn).replace(':loadbalancer/', ':listener/')}/${digits(16, world)}`,
    references: {
      loadBalancerArn: to(types.loadBalancer, { onDelete: 'ends' }),
      'defaultActions[].targetGroupArn': to(types.targetGroup),
    },
    replaces: ['loadBalancerArn'],
    computed: ({ id }) => ({ arn: id }),
    unique: ({ inputs }) => `${text(inputs.loadBalancerArn)} ${text(inputs.port)}`,
  },
} satisfies Record<string, TypeRule>;

export const rules: Record<keyof typeof types, TypeRule> = {
  ...network,
  ...identity,
  ...names,
  ...machines,
  ...balancing,
};
