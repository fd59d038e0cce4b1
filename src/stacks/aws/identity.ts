import { InstanceProfile } from '@pulumi/aws/iam/instanceProfile.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicyAttachment } from '@pulumi/aws/iam/rolePolicyAttachment.js';
import type { Output } from '@pulumi/pulumi';
import { identityPath } from './names.ts';
import type { Parts } from './parts.ts';
import { hostPolicyArn, snapshotPolicyArn } from './permissions.ts';

export interface Identity {
  /** Instance profile of the machines: the session agent instead of SSH, and nothing else. */
  profile: Output<string>;
  /** ARN of the role that takes snapshots. */
  snapshotRole: Output<string>;
}

/**
 * The identities of the machines and the snapshot service at AWS. The boundary leaves of their policies what the agent
 * needs for sessions and the snapshots of servers' volumes: neither can read parameters or touch the rest of the
 * account.
 */
export function declareIdentity(parts: Parts, { boundary }: { boundary: string }): Identity {
  const { spec, nameOf, tagsOf, inside } = parts;
  const path = identityPath(spec.instanceId);
  const host = declareRole(parts, 'role-host', {
    service: 'ec2.amazonaws.com',
    ...{ policy: hostPolicyArn, boundary },
  });
  const snapshots = declareRole(parts, 'role-snapshots', {
    service: 'dlm.amazonaws.com',
    ...{ policy: snapshotPolicyArn, boundary },
  });
  const profile = new InstanceProfile(
    'profile',
    { name: nameOf('profile'), path, role: host.role.name, tags: tagsOf('profile') },
    // A machine that boots before its role has the policy would take long to become reachable for sessions.
    inside({ dependsOn: [host.attachment] }),
  );
  // The policy exists before the role is used.
  const snapshotRole = snapshots.attachment.id.apply(() => snapshots.role.arn);
  return { profile: profile.name, snapshotRole };
}

function declareRole(
  { spec, nameOf, tagsOf, inside }: Parts,
  resource: string,
  { service, policy, boundary }: { service: string; policy: string; boundary: string },
) {
  const statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
  const role = new Role(
    resource,
    {
      name: nameOf(resource),
      path: identityPath(spec.instanceId),
      permissionsBoundary: boundary,
      assumeRolePolicy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      // An attachment missing from the state, left by an interrupted attempt, must not block the role's deletion.
      forceDetachPolicies: true,
      tags: tagsOf(resource),
    },
    inside(),
  );
  const attachment = new RolePolicyAttachment(
    `${resource}-policy`,
    { role: role.name, policyArn: policy as never },
    inside(),
  );
  return { role, attachment };
}
