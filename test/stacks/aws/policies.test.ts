import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, test } from '@jest/globals';
import {
  accountPlaceholder,
  awsGrants,
  exampleOf,
  hostPolicyArn,
  snapshotPolicyArn,
  zonePlaceholder,
} from '../../../src/stacks/aws/permissions.ts';

/** The documents of `docs/clouds`, as an operator installs them, evaluated by the rules of IAM. */
const account = '123456789012';
const zone = 'Z0123456789ABC';
const worker = `arn:aws:iam::${account}:role/freehold-worker`;
const boundary = `arn:aws:iam::${account}:policy/freehold/boundary`;

function read(name: string) {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/clouds', name), 'utf8');
  return JSON.parse(text.replaceAll(accountPlaceholder, account).replaceAll(zonePlaceholder, zone));
}
const workerPolicies = ['aws-policy.json', 'aws-policy-services.json'];

interface Call {
  action: string;
  resource: string;
  context?: Record<string, string | string[]>;
}

async function decide(
  { action, resource, context = {} }: Call,
  { principal = worker, policies = workerPolicies.map(read), boundaries = undefined as object[] | undefined } = {},
): Promise<string> {
  const named = (documents: object[]) => documents.map((policy, index) => ({ name: `policy-${index}`, policy }));
  const answer = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
      identityPolicies: named(policies),
      ...(boundaries ? { permissionBoundaryPolicies: named(boundaries) } : {}),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (answer.resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`);
  return answer.overallResult;
}

const ec2 = (resource: string) => `arn:aws:ec2:eu-central-1:${account}:${resource}`;
const snapshot = 'arn:aws:ec2:eu-central-1::snapshot/snap-0a';
const iam = (resource: string) => `arn:aws:iam::${account}:${resource}`;
const balancing = (resource: string) => `arn:aws:elasticloadbalancing:eu-central-1:${account}:${resource}`;
const role = iam('role/freehold/i0123456789abcdef/i0123456789abcdef-role-host');
const ours = { 'aws:ResourceTag/freehold:instance': 'i0123456789abcdef' };
const tagging = { 'aws:RequestTag/freehold:instance': 'i0123456789abcdef', 'aws:TagKeys': ['freehold:instance'] };
/** Something in the account that no server owns. */
const foreign = { 'aws:ResourceTag/Name': 'database' };

/** One call of each kind that stacks, sweeps, restarts and snapshots make, on each resource that AWS checks for it. */
const allowed: [string, Call][] = [
  [
    'a machine with its tag',
    call('ec2:RunInstances', ec2('instance/*'), { ...tagging, 'ec2:MetadataHttpTokens': 'required' }),
  ],
  ['in its subnet', call('ec2:RunInstances', ec2('subnet/subnet-0a'), ours)],
  ['behind its firewall', call('ec2:RunInstances', ec2('security-group/sg-0a'), ours)],
  [
    'from an image of the publisher',
    call('ec2:RunInstances', 'arn:aws:ec2:eu-central-1::image/ami-0a', { 'ec2:Owner': '099720109477' }),
  ],
  [
    'with a new interface',
    call('ec2:RunInstances', ec2('network-interface/*'), { 'ec2:AssociatePublicIpAddress': 'true' }),
  ],
  ['and a root disk', call('ec2:RunInstances', ec2('volume/*'))],
  [
    'whose tag follows',
    call('ec2:CreateTags', ec2('volume/vol-0b'), {
      'aws:RequestTag/freehold:root-of': 'i1',
      'aws:TagKeys': ['freehold:root-of', 'Name'],
    }),
  ],
  [
    'tags in the call that creates',
    call('ec2:CreateTags', ec2('instance/*'), { ...tagging, 'ec2:CreateAction': 'RunInstances' }),
  ],
  ['a network', call('ec2:CreateVpc', ec2('vpc/*'), tagging)],
  ['a subnet', call('ec2:CreateSubnet', ec2('subnet/*'), tagging)],
  ['in its network', call('ec2:CreateSubnet', ec2('vpc/vpc-0a'), ours)],
  ['the first route of a new network', call('ec2:CreateRoute', ec2('route-table/rtb-0a'))],
  ['the tags of its table', call('ec2:CreateTags', ec2('route-table/rtb-0a'), tagging)],
  ['a rule', call('ec2:AuthorizeSecurityGroupIngress', ec2('security-group-rule/*'))],
  ['in its firewall', call('ec2:AuthorizeSecurityGroupIngress', ec2('security-group/sg-0a'), ours)],
  ['the tags of the rule', call('ec2:CreateTags', ec2('security-group-rule/sgr-0a'), tagging)],
  ['a volume', call('ec2:CreateVolume', ec2('volume/*'), tagging)],
  ['attached', call('ec2:AttachVolume', ec2('volume/vol-0a'), ours)],
  ['to its machine', call('ec2:AttachVolume', ec2('instance/i-0a'), ours)],
  ['deleted', call('ec2:DeleteVolume', ec2('volume/vol-0a'), ours)],
  ['an address', call('ec2:AllocateAddress', ec2('elastic-ip/*'), tagging)],
  ['on its machine', call('ec2:AssociateAddress', ec2('instance/i-0a'), ours)],
  ['released', call('ec2:ReleaseAddress', ec2('elastic-ip/eipalloc-0a'), ours)],
  ['a reboot', call('ec2:RebootInstances', ec2('instance/i-0a'), ours)],
  ['its console', call('ec2:GetConsoleOutput', ec2('instance/i-0a'), ours)],
  ['an end', call('ec2:TerminateInstances', ec2('instance/i-0a'), ours)],
  ['a last snapshot', call('ec2:CreateSnapshot', snapshot, { 'aws:RequestTag/freehold:snapshot-of': 'i1' })],
  ['of its volume', call('ec2:CreateSnapshot', ec2('volume/vol-0a'), ours)],
  ['removed when it expires', call('ec2:DeleteSnapshot', snapshot, { 'aws:ResourceTag/freehold:snapshot-of': 'i1' })],
  ['a role with the boundary', call('iam:CreateRole', role, { 'iam:PermissionsBoundary': boundary })],
  [
    'its policy',
    call('iam:AttachRolePolicy', role, { 'iam:PermissionsBoundary': boundary, 'iam:PolicyARN': hostPolicyArn }),
  ],
  ['passed to a machine', call('iam:PassRole', role, { 'iam:PassedToService': 'ec2.amazonaws.com' })],
  ['in a profile', call('iam:AddRoleToInstanceProfile', iam('instance-profile/freehold/i1/i1-profile'))],
  ['removed', call('iam:DeleteRole', role)],
  [
    'a record',
    call('route53:ChangeResourceRecordSets', `arn:aws:route53:::hostedzone/${zone}`, {
      'route53:ChangeResourceRecordSetsRecordTypes': ['A'],
    }),
  ],
  ['a schedule of snapshots', call('dlm:CreateLifecyclePolicy', '*', tagging)],
  ['its tags', call('dlm:TagResource', `arn:aws:dlm:eu-central-1:${account}:policy/policy-0a`, tagging)],
  ['its end', call('dlm:DeleteLifecyclePolicy', `arn:aws:dlm:eu-central-1:${account}:policy/policy-0a`, ours)],
  ['a load balancer', call('elasticloadbalancing:CreateLoadBalancer', balancing('loadbalancer/net/i1-nlb/1'), tagging)],
  ['a listener of it', call('elasticloadbalancing:CreateListener', balancing('loadbalancer/net/i1-nlb/1'), ours)],
  ['its targets', call('elasticloadbalancing:RegisterTargets', balancing('targetgroup/i1-https/1'), ours)],
  ['lists', call('ec2:DescribeInstances', '*')],
];

/** What somebody with the credentials of a worker may try. */
const attacks: [string, Call][] = [
  ['a role outside of the path', call('iam:CreateRole', iam('role/admin'), { 'iam:PermissionsBoundary': boundary })],
  ['a role without the boundary', call('iam:CreateRole', role)],
  [
    'a role with another boundary',
    call('iam:CreateRole', role, { 'iam:PermissionsBoundary': 'arn:aws:iam::aws:policy/AdministratorAccess' }),
  ],
  [
    'administrator on a role of a server',
    call('iam:AttachRolePolicy', role, {
      'iam:PermissionsBoundary': boundary,
      'iam:PolicyARN': 'arn:aws:iam::aws:policy/AdministratorAccess',
    }),
  ],
  ['our policy on a role without the boundary', call('iam:AttachRolePolicy', role, { 'iam:PolicyARN': hostPolicyArn })],
  [
    'a policy on itself',
    call('iam:AttachRolePolicy', worker, { 'iam:PolicyARN': hostPolicyArn, 'iam:PermissionsBoundary': boundary }),
  ],
  ['a policy of its own making', call('iam:PutRolePolicy', role)],
  ['without the boundary again', call('iam:DeleteRolePermissionsBoundary', role)],
  ['another text of the boundary', call('iam:CreatePolicyVersion', boundary)],
  ['another trust', call('iam:UpdateAssumeRolePolicy', iam('role/admin'))],
  [
    "somebody else's role for a machine",
    call('iam:PassRole', iam('role/admin'), { 'iam:PassedToService': 'ec2.amazonaws.com' }),
  ],
  ["a server's role for a function", call('iam:PassRole', role, { 'iam:PassedToService': 'lambda.amazonaws.com' })],
  ['a user', call('iam:CreateUser', iam('user/mallory'))],
  ['a key', call('iam:CreateAccessKey', iam('user/root'))],
  ["somebody else's role deleted", call('iam:DeleteRole', iam('role/admin'))],
  ['another role assumed', call('sts:AssumeRole', iam('role/admin'))],
  ["somebody else's machine terminated", call('ec2:TerminateInstances', ec2('instance/i-0f'), foreign)],
  ['stopped', call('ec2:StopInstances', ec2('instance/i-0f'), foreign)],
  ['given other user data', call('ec2:ModifyInstanceAttribute', ec2('instance/i-0f'), foreign)],
  ['given a profile', call('ec2:AssociateIamInstanceProfile', ec2('instance/i-0f'), foreign)],
  ["somebody else's volume deleted", call('ec2:DeleteVolume', ec2('volume/vol-0f'), foreign)],
  ['attached to a server', call('ec2:AttachVolume', ec2('volume/vol-0f'), foreign)],
  ['copied', call('ec2:CreateSnapshot', ec2('volume/vol-0f'), foreign)],
  ["somebody else's snapshot deleted", call('ec2:DeleteSnapshot', snapshot, foreign)],
  ['shared', call('ec2:ModifySnapshotAttribute', snapshot, ours)],
  ["somebody else's address released", call('ec2:ReleaseAddress', ec2('elastic-ip/eipalloc-0f'), foreign)],
  ["somebody else's firewall opened", call('ec2:AuthorizeSecurityGroupIngress', ec2('security-group/sg-0f'), foreign)],
  ["somebody else's network deleted", call('ec2:DeleteVpc', ec2('vpc/vpc-0f'), foreign)],
  ['a subnet in it', call('ec2:CreateSubnet', ec2('vpc/vpc-0f'), { ...foreign, ...tagging })],
  ['a machine in it', call('ec2:RunInstances', ec2('subnet/subnet-0f'), { ...foreign, ...tagging })],
  ['its routes changed', call('ec2:ReplaceRoute', ec2('route-table/rtb-0f'), foreign)],
  ['a route in a named table', call('ec2:CreateRoute', ec2('route-table/rtb-0f'), foreign)],
  ["our tag on somebody else's machine", call('ec2:CreateTags', ec2('instance/i-0f'), { ...foreign, ...tagging })],
  ['on a volume', call('ec2:CreateTags', ec2('volume/vol-0f'), { ...foreign, ...tagging })],
  [
    'on a snapshot',
    call('ec2:CreateTags', snapshot, {
      'aws:RequestTag/freehold:snapshot-of': 'i1',
      'aws:TagKeys': ['freehold:snapshot-of'],
    }),
  ],
  ['on a network', call('ec2:CreateTags', ec2('vpc/vpc-0f'), { ...foreign, ...tagging })],
  ['on a firewall', call('ec2:CreateTags', ec2('security-group/sg-0f'), { ...foreign, ...tagging })],
  ['on a named table of routes', call('ec2:CreateTags', ec2('route-table/rtb-0f'), { ...foreign, ...tagging })],
  [
    'on a load balancer',
    call('elasticloadbalancing:AddTags', balancing('loadbalancer/net/other/1'), { ...foreign, ...tagging }),
  ],
  ['a machine without a tag', call('ec2:RunInstances', ec2('instance/*'), { 'ec2:MetadataHttpTokens': 'required' })],
  [
    'a machine whose metadata needs no session',
    call('ec2:RunInstances', ec2('instance/*'), { ...tagging, 'ec2:MetadataHttpTokens': 'optional' }),
  ],
  [
    "a machine from somebody's image",
    call('ec2:RunInstances', 'arn:aws:ec2:eu-central-1::image/ami-0f', { 'ec2:Owner': '666666666666' }),
  ],
  ["a machine on somebody else's interface", call('ec2:RunInstances', ec2('network-interface/eni-0f'), foreign)],
  [
    'records of another zone',
    call('route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/ZOTHER', {
      'route53:ChangeResourceRecordSetsRecordTypes': ['A'],
    }),
  ],
  [
    'the mail of the domain',
    call('route53:ChangeResourceRecordSets', `arn:aws:route53:::hostedzone/${zone}`, {
      'route53:ChangeResourceRecordSetsRecordTypes': ['MX'],
    }),
  ],
  [
    'the zone delegated',
    call('route53:ChangeResourceRecordSets', `arn:aws:route53:::hostedzone/${zone}`, {
      'route53:ChangeResourceRecordSetsRecordTypes': ['A', 'NS'],
    }),
  ],
  ['the zone deleted', call('route53:DeleteHostedZone', `arn:aws:route53:::hostedzone/${zone}`)],
  [
    "somebody else's schedule deleted",
    call('dlm:DeleteLifecyclePolicy', `arn:aws:dlm:eu-central-1:${account}:policy/policy-0f`, foreign),
  ],
  [
    "somebody else's load balancer deleted",
    call('elasticloadbalancing:DeleteLoadBalancer', balancing('loadbalancer/net/other/1'), foreign),
  ],
  ['commands on machines', call('ssm:SendCommand', ec2('instance/i-0a'))],
  ['parameters', call('ssm:GetParameter', `arn:aws:ssm:eu-central-1:${account}:parameter/secret`)],
  ['objects', call('s3:GetObject', 'arn:aws:s3:::backups/all')],
];

function call(action: string, resource: string, context?: Call['context']): Call {
  return { action, resource, ...(context ? { context } : {}) };
}

describe('the policies of a provision worker', () => {
  test.each(allowed)('allow %s', async (_what, request) => {
    expect([request.action, request.resource, await decide(request)]).toEqual([
      request.action,
      request.resource,
      'Allowed',
    ]);
  });

  test.each(attacks)('do not allow: %s', async (_what, request) => {
    expect([request.action, await decide(request)]).toEqual([request.action, 'ImplicitlyDenied']);
  });

  test('are granted as the check of the clouds asks for them, grant by grant', () => {
    for (const grant of awsGrants) {
      const { resource } = exampleOf(grant, { account, zone, boundary });
      expect(resource).not.toMatch(/ACCOUNT_ID|HOSTED_ZONE_ID|\*./);
    }
  });

  test.each([...workerPolicies, 'aws-boundary.json'])('%s fits into a managed policy of IAM', (name) => {
    expect(JSON.stringify(read(name)).replaceAll(/\s/g, '').length).toBeLessThanOrEqual(6_144);
  });

  // Nothing in these calls tells a server's thing from somebody else's, so the account has to be the installation's
  // own.
  test.each([
    ['a nameless table of routes', call('ec2:CreateTags', ec2('route-table/rtb-0f'), tagging)],
    ['a schedule', call('dlm:TagResource', `arn:aws:dlm:eu-central-1:${account}:policy/policy-0f`, tagging)],
    ["an address of ours on somebody's interface", call('ec2:AssociateAddress', ec2('network-interface/eni-0f'))],
  ])('cannot protect %s', async (_what, request) => {
    expect(await decide(request)).toBe('Allowed');
    expect(readFileSync(join(import.meta.dirname, '../../../docs/clouds/README.md'), 'utf8')).toMatch(
      /an\s+account of its own/,
    );
  });
});

describe('the roles of a server, within the boundary', () => {
  /** The managed policies of AWS that the roles have, as far as it matters here. */
  const managed: Record<string, string[]> = {
    [hostPolicyArn]: [
      ...[
        'ssm:GetParameter',
        'ssm:GetParameters',
        'ssm:GetDocument',
        'ssm:PutInventory',
        'ssm:UpdateInstanceInformation',
      ],
      ...['ssmmessages:*', 'ec2messages:*'],
    ],
    [snapshotPolicyArn]: [
      ...['ec2:CreateSnapshot', 'ec2:CreateSnapshots', 'ec2:DeleteSnapshot', 'ec2:CreateTags', 'ec2:Describe*'],
      ...['ec2:ModifySnapshotAttribute', 'ec2:CopySnapshot'],
    ],
  };
  const asRole = (policyArn: string, request: Call) =>
    decide(request, {
      principal: role,
      policies: [
        { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: managed[policyArn], Resource: '*' }] },
      ],
      boundaries: [read('aws-boundary.json')],
    });

  test.each([
    ['sessions', hostPolicyArn, call('ssmmessages:OpenControlChannel', '*')],
    ['its presence', hostPolicyArn, call('ssm:UpdateInstanceInformation', ec2('instance/i-0a'))],
    ['a daily snapshot', snapshotPolicyArn, call('ec2:CreateSnapshot', ec2('volume/vol-0a'), ours)],
    ['its tags', snapshotPolicyArn, call('ec2:CreateTags', snapshot, { 'aws:RequestTag/freehold:snapshot-of': 'i1' })],
    [
      'its end',
      snapshotPolicyArn,
      call('ec2:DeleteSnapshot', snapshot, { 'aws:ResourceTag/freehold:snapshot-of': 'i1' }),
    ],
  ])('may do %s', async (_what, policy, request) => {
    expect(await asRole(policy, request)).toBe('Allowed');
  });

  test.each([
    ['parameters', hostPolicyArn, call('ssm:GetParameter', `arn:aws:ssm:eu-central-1:${account}:parameter/secret`)],
    ['documents', hostPolicyArn, call('ssm:GetDocument', `arn:aws:ssm:eu-central-1:${account}:document/internal`)],
    ["somebody else's volume", snapshotPolicyArn, call('ec2:CreateSnapshot', ec2('volume/vol-0f'), foreign)],
    ["somebody else's snapshot", snapshotPolicyArn, call('ec2:DeleteSnapshot', snapshot, foreign)],
    ['a snapshot shared', snapshotPolicyArn, call('ec2:ModifySnapshotAttribute', snapshot, ours)],
    ['tags of machines', snapshotPolicyArn, call('ec2:CreateTags', ec2('instance/i-0f'), tagging)],
  ])('may not touch %s', async (_what, policy, request) => {
    expect(await asRole(policy, request)).toBe('ImplicitlyDenied');
  });
});
