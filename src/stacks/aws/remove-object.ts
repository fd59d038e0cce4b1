import { setTimeout as delay } from 'node:timers/promises';
import { DeleteLifecyclePolicyCommand } from '@aws-sdk/client-dlm';
import {
  DeleteInternetGatewayCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVolumeCommand,
  DeleteVpcCommand,
  DescribeAddressesCommand,
  DescribeInternetGatewaysCommand,
  DescribeSecurityGroupRulesCommand,
  DetachInternetGatewayCommand,
  DisassociateAddressCommand,
  ModifyInstanceAttributeCommand,
  ReleaseAddressCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  TerminateInstancesCommand,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2';
import {
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam';
import { ChangeResourceRecordSetsCommand, ListResourceRecordSetsCommand, type RRType } from '@aws-sdk/client-route-53';
import { monotonic } from '../../runtime/clock.ts';
import type { AwsClients } from './clients.ts';
import type { AwsObject } from './list-objects.ts';

/** How long a machine may take to terminate, s, and an object that uses another one to release it, ms. */
const terminationSeconds = 600;
const timeoutMs = 300_000;

/** Codes of a missing object, and of one still in use by another that is being deleted. */
const gone = /NotFound|NoSuchEntity|NoSuch|InvalidAssociationID/;
const held = /DependencyViolation|InUse|DeleteConflict|IncorrectState|ScheduledForDeletion/;

const codeOf = (error: unknown) => (error instanceof Error ? error.name : '');

/**
 * Removes an object: detaches it first, and waits for dependent objects that are being deleted. A missing object is a
 * success.
 */
export async function removeObject(
  clients: AwsClients,
  object: Pick<AwsObject, 'kind' | 'id' | 'region'>,
  { pauseMs }: { pauseMs: number },
): Promise<void> {
  const startedAt = monotonic();
  for (;;) {
    try {
      return await removeOnce(clients, object, { pauseMs });
    } catch (error) {
      if (gone.test(codeOf(error))) return;
      if (!held.test(codeOf(error)) || monotonic() - startedAt > timeoutMs) throw error;
      await delay(pauseMs);
    }
  }
}

async function removeOnce(
  clients: AwsClients,
  object: Pick<AwsObject, 'kind' | 'id' | 'region'>,
  wait: { pauseMs: number },
): Promise<void> {
  const { kind, id } = object;
  if (object.region === '') {
    if (kind === 'record') await removeRecord(clients, id);
    else if (kind === 'instance-profile') await removeProfile(clients, id);
    else await removeRole(clients, id);
    return;
  }
  const { ec2, balancing, dlm } = clients.in(object.region);
  switch (kind) {
    case 'listener':
      await balancing.send(new DeleteListenerCommand({ ListenerArn: id }));
      return;
    case 'loadbalancer':
      await balancing.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: id }));
      return;
    case 'targetgroup':
      await balancing.send(new DeleteTargetGroupCommand({ TargetGroupArn: id }));
      return;
    case 'instance': {
      const allow = { InstanceId: id, DisableApiTermination: { Value: false } };
      await ec2.send(new ModifyInstanceAttributeCommand(allow));
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      const seconds = Math.max(1, wait.pauseMs / 1_000);
      const waiting = { client: ec2, maxWaitTime: terminationSeconds, minDelay: seconds, maxDelay: seconds };
      await waitUntilInstanceTerminated(waiting, { InstanceIds: [id] });
      return;
    }
    case 'policy':
      await dlm.send(new DeleteLifecyclePolicyCommand({ PolicyId: id }));
      return;
    case 'volume':
      await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
      return;
    case 'elastic-ip': {
      const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [id] }));
      for (const { AssociationId } of Addresses) {
        if (AssociationId) await ec2.send(new DisassociateAddressCommand({ AssociationId }));
      }
      await ec2.send(new ReleaseAddressCommand({ AllocationId: id }));
      return;
    }
    case 'security-group-rule': {
      const SecurityGroupRuleIds = [id];
      const found = await ec2.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds }));
      for (const { GroupId, IsEgress } of found.SecurityGroupRules ?? []) {
        const which = { GroupId: GroupId ?? '', SecurityGroupRuleIds };
        if (IsEgress) await ec2.send(new RevokeSecurityGroupEgressCommand(which));
        else await ec2.send(new RevokeSecurityGroupIngressCommand(which));
      }
      return;
    }
    case 'security-group':
      await ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
      return;
    case 'route-table':
      // A network's default table is deleted with the network.
      return;
    case 'subnet':
      await ec2.send(new DeleteSubnetCommand({ SubnetId: id }));
      return;
    case 'internet-gateway': {
      const which = { InternetGatewayId: id };
      const found = await ec2.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }));
      for (const { VpcId } of (found.InternetGateways ?? []).flatMap(({ Attachments = [] }) => Attachments)) {
        await ec2.send(new DetachInternetGatewayCommand({ ...which, VpcId }));
      }
      await ec2.send(new DeleteInternetGatewayCommand(which));
      return;
    }
    case 'vpc':
      await ec2.send(new DeleteVpcCommand({ VpcId: id }));
      return;
    case 'record':
    case 'instance-profile':
    case 'role':
      throw new Error(`${kind} belongs to no region`);
  }
}

/** Route 53 deletes a record only if the request contains all of it. */
async function removeRecord({ route53 }: AwsClients, id: string): Promise<void> {
  const [HostedZoneId = '', ...rest] = id.split('_');
  const type = rest.pop() as RRType;
  const name = rest.join('_');
  const start = { StartRecordName: name, StartRecordType: type, MaxItems: 1 };
  const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId, ...start }));
  const found = ResourceRecordSets.find(({ Name, Type }) => Name?.replace(/\.$/, '') === name && Type === type);
  if (!found) return;
  const Changes = [{ Action: 'DELETE' as const, ResourceRecordSet: found }];
  await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
}

async function removeProfile({ iam }: AwsClients, name: string): Promise<void> {
  // The role has the profile's name except for its last part; reading it is as cheap as trying.
  const owner = name.slice(0, name.lastIndexOf('-'));
  const leave = { InstanceProfileName: name, RoleName: `${owner}-role-host` };
  await iam.send(new RemoveRoleFromInstanceProfileCommand(leave)).catch((error: unknown) => {
    if (!gone.test(codeOf(error))) throw error;
  });
  await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: name }));
}

async function removeRole({ iam }: AwsClients, name: string): Promise<void> {
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: name }));
  for (const { PolicyArn } of AttachedPolicies) {
    await iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn }));
  }
  await iam.send(new DeleteRoleCommand({ RoleName: name }));
}
