import { now } from '../../../src/runtime/clock.ts';
import type { Double, Ending } from '../double.ts';
import { DoubleRefusal } from '../refusal.ts';
import type { DoubleObject } from '../rule-table.ts';
import { readSnapshot } from '../snapshots.ts';
import { awsError, awsErrorTexts } from './error-texts.ts';
import { account, text } from './rules.ts';
import { types } from './types.ts';
import { items, members, type Xml } from './xml.ts';

/** The calls of the query APIs (EC2, IAM, STS, load balancing) that are emulated. */

export interface Call {
  double: Double;
  region: string;
  form: URLSearchParams;
  /** How the call is to end; as usual where it stays absent. */
  ending?: Ending;
}
type Answer = Record<string, Xml>;
type Work = (call: Call) => Promise<Answer> | Answer;

/** `Name.1`, `Name.2` and so on. */
function listIn(form: URLSearchParams, name: string): string[] {
  return [...form].filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => value);
}

function find({ double }: Call, type: string, id: string): DoubleObject {
  const object = double.area.world.find(type, id);
  if (!object) throw new DoubleRefusal('not_found', awsErrorTexts.missing({ type, id }));
  return object;
}

const param = ({ form }: Call, name: string) => form.get(name) ?? '';

/** Deletes the object that a parameter names. */
function deletes(type: string, name: string): Work {
  return async (call) => {
    find(call, type, param(call, name));
    await call.double.remove(type, param(call, name), 'wire');
    return { return: true };
  };
}

const where = (call: Call, type: string, property: string, value: string) =>
  call.double.area.world.list(type).filter(({ inputs }) => inputs[property] === value);

async function removeAll(call: Call, objects: DoubleObject[]): Promise<Answer> {
  for (const { type, id } of objects) await call.double.remove(type, id, 'wire');
  return { return: true };
}

const created = ({ createdAt }: DoubleObject) => new Date(createdAt).toISOString();

/** `<name>.1.Key` and `<name>.1.Value`, and so on. */
function tagsIn(form: URLSearchParams, name: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (let at = 1; form.has(`${name}.${at}.Key`); at += 1) {
    tags[form.get(`${name}.${at}.Key`) ?? ''] = form.get(`${name}.${at}.Value`) ?? '';
  }
  return tags;
}

const tagsOf = ({ inputs }: DoubleObject) => (inputs.tags ?? {}) as Record<string, string>;

/** The supported filters: `tag-key` and `tag:<key>`. */
function filtersIn(form: URLSearchParams): (tags: Record<string, string>) => boolean {
  const filters: { name: string; values: string[] }[] = [];
  for (let at = 1; form.has(`Filter.${at}.Name`); at += 1) {
    filters.push({ name: form.get(`Filter.${at}.Name`) ?? '', values: listIn(form, `Filter.${at}.Value`) });
  }
  const unknown = filters.find(({ name }) => !/^tag(-key$|:)/.test(name));
  if (unknown) throw new DoubleRefusal('invalid', `InvalidParameterValue: The filter '${unknown.name}' is invalid`);
  return (tags) =>
    filters.every(({ name, values }) =>
      name === 'tag-key' ? values.some((key) => key in tags) : values.includes(tags[name.slice('tag:'.length)] ?? ''),
    );
}

const snapshotShown = (snapshot: DoubleObject, isComplete: boolean): Answer => ({
  ...{ snapshotId: snapshot.id, volumeId: text(snapshot.inputs.volumeId), ownerId: account },
  ...{ status: isComplete ? 'completed' : 'pending', startTime: created(snapshot) },
  tagSet: items(Object.entries(tagsOf(snapshot)).map(([key, value]) => ({ key, value }))),
});

const states = {
  pending: { code: 0, name: 'pending' },
  running: { code: 16, name: 'running' },
  terminated: { code: 48, name: 'terminated' },
  stopped: { code: 80, name: 'stopped' },
} as const;

const ec2: Record<string, Work> = {
  DescribeInstances(call) {
    // A terminated machine stays in the list for a while.
    const wanted = [...listIn(call.form, 'InstanceId'), ...listIn(call.form, 'Filter.1.Value')];
    const found = wanted.map((id) => {
      const exists = call.double.area.world.find(types.instance, id) !== null;
      return {
        instanceId: id,
        instanceState: exists ? states[call.double.isOn(id) ? 'running' : 'stopped'] : states.terminated,
      };
    });
    return { reservationSet: items([{ reservationId: 'r-0', instancesSet: items(found) }]) };
  },
  async ModifyInstanceAttribute(call) {
    const { id, inputs } = find(call, types.instance, param(call, 'InstanceId'));
    const disableApiTermination = param(call, 'DisableApiTermination.Value') === 'true';
    call.double.area.change(types.instance, id, { ...inputs, disableApiTermination });
    return { return: true };
  },
  // Only taken: it is carried out later, and nothing tells when.
  async RebootInstances(call) {
    const ids = listIn(call.form, 'InstanceId');
    for (const id of ids) {
      find(call, types.instance, id);
      const sentence = `The instance '${id}' is not in a state from which it can be rebooted.`;
      if (!call.double.isOn(id)) {
        throw new DoubleRefusal('invalid', awsError('RebootInstances', 'IncorrectInstanceState', sentence));
      }
    }
    for (const id of ids) call.ending = (await call.double.power(types.instance, id, 'reboot')).ending;
    return { return: true };
  },
  async StartInstances(call) {
    const started = [];
    for (const id of listIn(call.form, 'InstanceId')) {
      find(call, types.instance, id);
      const previousState = states[call.double.isOn(id) ? 'running' : 'stopped'];
      call.ending = (await call.double.power(types.instance, id, 'on')).ending;
      started.push({ instanceId: id, currentState: states.pending, previousState });
    }
    return { instancesSet: items(started) };
  },
  async TerminateInstances(call) {
    for (const id of listIn(call.form, 'InstanceId')) {
      find(call, types.instance, id);
      await call.double.remove(types.instance, id, 'wire');
    }
    return { instancesSet: items([]) };
  },
  GetConsoleOutput(call) {
    const { id } = find(call, types.instance, param(call, 'InstanceId'));
    const output = Buffer.from(call.double.consoleOf(id)).toString('base64');
    return { instanceId: id, timestamp: new Date(now()).toISOString(), ...(output === '' ? {} : { output }) };
  },
  DeleteVolume: deletes(types.volume, 'VolumeId'),
  async CreateSnapshot(call) {
    const { region, double } = call;
    const inputs = { volumeId: param(call, 'VolumeId'), tags: tagsIn(call.form, 'TagSpecification.1.Tag') };
    const { object } = await double.create(types.snapshot, { region, inputs });
    return snapshotShown(object, false);
  },
  async DescribeSnapshots(call) {
    const fits = filtersIn(call.form);
    const found = (await call.double.list()).filter(
      (object) => object.type === types.snapshot && object.region === call.region && fits(tagsOf(object)),
    );
    const shown = found.map((object) => snapshotShown(object, readSnapshot(call.double, object)));
    return { snapshotSet: items(shown) };
  },
  DeleteSnapshot: deletes(types.snapshot, 'SnapshotId'),
  DescribeAddresses(call) {
    const found = listIn(call.form, 'AllocationId').map((id) => {
      const { computed } = find(call, types.eip, id);
      const [association] = where(call, types.eipAssociation, 'allocationId', id);
      return {
        allocationId: id,
        publicIp: text(computed.publicIp),
        ...(association ? { associationId: association.id } : {}),
      };
    });
    return { addressesSet: items(found) };
  },
  DisassociateAddress: deletes(types.eipAssociation, 'AssociationId'),
  ReleaseAddress: deletes(types.eip, 'AllocationId'),
  DescribeInternetGateways(call) {
    const found = listIn(call.form, 'InternetGatewayId').map((id) => {
      const { inputs } = find(call, types.gateway, id);
      const attached = inputs.vpcId === undefined ? [] : [{ vpcId: text(inputs.vpcId), state: 'available' }];
      return { internetGatewayId: id, attachmentSet: items(attached) };
    });
    return { internetGatewaySet: items(found) };
  },
  DetachInternetGateway(call) {
    const { id, inputs } = find(call, types.gateway, param(call, 'InternetGatewayId'));
    const { vpcId: _vpcId, ...detached } = inputs;
    call.double.area.change(types.gateway, id, detached);
    return { return: true };
  },
  DeleteInternetGateway: deletes(types.gateway, 'InternetGatewayId'),
  DescribeSecurityGroupRules(call) {
    const found = listIn(call.form, 'SecurityGroupRuleId').map((id) => {
      const egress = call.double.area.world.find(types.egress, id);
      const { inputs } = egress ?? find(call, types.ingress, id);
      return { securityGroupRuleId: id, groupId: text(inputs.securityGroupId), isEgress: egress !== null };
    });
    return { securityGroupRuleSet: items(found) };
  },
  RevokeSecurityGroupIngress: (call) =>
    removeAll(
      call,
      listIn(call.form, 'SecurityGroupRuleId').map((id) => find(call, types.ingress, id)),
    ),
  RevokeSecurityGroupEgress: (call) =>
    removeAll(
      call,
      listIn(call.form, 'SecurityGroupRuleId').map((id) => find(call, types.egress, id)),
    ),
  DeleteSecurityGroup: deletes(types.securityGroup, 'GroupId'),
  DeleteSubnet: deletes(types.subnet, 'SubnetId'),
  DeleteVpc: deletes(types.vpc, 'VpcId'),
  // Every machine type everywhere; missing ones are scripted as faults.
  DescribeInstanceTypeOfferings: ({ form, region }) => ({
    instanceTypeOfferingSet: items(
      listIn(form, 'Filter.1.Value').map((instanceType) => ({
        instanceType,
        locationType: 'region',
        location: region,
      })),
    ),
  }),
};

/** Roles or profiles under a path, in the format of their lists. */
function underPath(call: Call, type: string): DoubleObject[] {
  const path = call.form.get('PathPrefix') ?? '/';
  return call.double.area.list().filter((object) => object.type === type && text(object.inputs.path).startsWith(path));
}

const iam: Record<string, Work> = {
  ListRoles: (call) => ({
    IsTruncated: false,
    Roles: members(
      underPath(call, types.role).map((role) => ({
        ...{ Path: text(role.inputs.path), RoleName: role.id, RoleId: text(role.id), Arn: text(role.computed.arn) },
        CreateDate: created(role),
      })),
    ),
  }),
  ListInstanceProfiles: (call) => ({
    IsTruncated: false,
    InstanceProfiles: members(
      underPath(call, types.profile).map((profile) => ({
        ...{ Path: text(profile.inputs.path), InstanceProfileName: profile.id, InstanceProfileId: profile.id },
        ...{ Arn: text(profile.computed.arn), CreateDate: created(profile) },
        Roles: members(
          profile.inputs.role === undefined
            ? []
            : [{ RoleName: text(profile.inputs.role), Path: '/', RoleId: '', Arn: '', CreateDate: created(profile) }],
        ),
      })),
    ),
  }),
  ListAttachedRolePolicies: (call) => ({
    IsTruncated: false,
    AttachedPolicies: members(
      where(call, types.rolePolicy, 'role', param(call, 'RoleName')).map(({ inputs }) => ({
        PolicyArn: text(inputs.policyArn),
      })),
    ),
  }),
  DetachRolePolicy: (call) =>
    removeAll(
      call,
      where(call, types.rolePolicy, 'role', param(call, 'RoleName')).filter(
        ({ inputs }) => inputs.policyArn === param(call, 'PolicyArn'),
      ),
    ),
  RemoveRoleFromInstanceProfile(call) {
    const { id, inputs } = find(call, types.profile, param(call, 'InstanceProfileName'));
    const { role: _role, ...without } = inputs;
    call.double.area.change(types.profile, id, without);
    return {};
  },
  // The key's owner may do everything.
  SimulatePrincipalPolicy: ({ form }) => ({
    IsTruncated: false,
    EvaluationResults: members(
      listIn(form, 'ActionNames.member').map((name) => ({ EvalActionName: name, EvalDecision: 'allowed' })),
    ),
  }),
  DeleteInstanceProfile: deletes(types.profile, 'InstanceProfileName'),
  DeleteRole: deletes(types.role, 'RoleName'),
};

const sts: Record<string, Work> = {
  GetCallerIdentity: () => ({
    ...{ Arn: `arn:aws:iam::${account}:user/double`, UserId: 'AIDADOUBLE', Account: account },
  }),
};

const elasticloadbalancing: Record<string, Work> = {
  DeleteListener: deletes(types.listener, 'ListenerArn'),
  DeleteLoadBalancer: deletes(types.loadBalancer, 'LoadBalancerArn'),
  DeleteTargetGroup: deletes(types.targetGroup, 'TargetGroupArn'),
};

export const queryCalls: Readonly<Record<string, Readonly<Record<string, Work>>>> = {
  ec2,
  iam,
  sts,
  elasticloadbalancing,
};
