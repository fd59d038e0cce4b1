import type { Instance } from '../../contracts/api/instances.ts';
import type { OperatorInstance } from '../../contracts/api/operator.ts';
import { instanceWorkflowId } from '../../contracts/workflow-messages.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { versionOf } from '../../domain/operations/server-spec.ts';
import type { InstanceRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';

/** Where the pages of a host answer. */
export function hostUrl(deps: Pick<ApiDeps, 'config'>, hostname: string): string {
  const port = deps.config.FREEHOLD_HOST_PORT;
  return `https://${hostname}${port === 443 ? '' : `:${port}`}/`;
}

export function instanceView(deps: Pick<ApiDeps, 'config'>, instance: InstanceRecord): Instance {
  const hostname = primaryHostname(instance.desired);
  return {
    id: instance._id,
    orderId: instance.orderId,
    name: instance.name,
    hostname,
    url: hostUrl(deps, hostname),
    cloud: instance.cloud,
    region: instance.region,
    zone: instance.desired.nodes[0]!.zone,
    plan: instance.plan,
    cycle: instance.cycle,
    addOns: instance.addOns,
    limits: instance.limits,
    features: instance.features,
    version: versionOf(instance),
    status: instance.status,
    standing: instance.standing,
    licenceId: instance.licenceId,
    paidUntil: instance.paidUntil?.toISOString(),
    createdAt: instance.createdAt.toISOString(),
    readyAt: instance.readyAt?.toISOString(),
  };
}

export function operatorInstanceView(
  deps: Pick<ApiDeps, 'config' | 'workflows'>,
  instance: InstanceRecord,
): OperatorInstance {
  return {
    ...instanceView(deps, instance),
    accountId: instance.accountId,
    workflowId: instanceWorkflowId(instance._id),
    workflowUrl: deps.workflows.pageOf(instance._id),
  };
}
