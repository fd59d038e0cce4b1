import type { Instance } from '../../contracts/api/instances.ts';
import type { OperatorInstance } from '../../contracts/api/operator.ts';
import { instanceWorkflowId } from '../../contracts/workflow-messages.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { versionOf } from '../../domain/operations/server-spec.ts';
import type { InstanceRecord, OperationRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';

/** Address of a host's pages. */
export function hostUrl(deps: Pick<ApiDeps, 'config'>, hostname: string): string {
  const port = deps.config.FREEHOLD_HOST_PORT;
  return `https://${hostname}${port === 443 ? '' : `:${port}`}/`;
}

/** Servers for their customers, each with its running operation. */
export async function instanceViews(
  deps: Pick<ApiDeps, 'config' | 'store'>,
  instances: readonly InstanceRecord[],
): Promise<Instance[]> {
  const running = await deps.store.operations.runningOf(instances.map(({ _id }) => _id));
  return instances.map((instance) => instanceView(deps, instance, running.get(instance._id)));
}

function instanceView(
  deps: Pick<ApiDeps, 'config'>,
  instance: InstanceRecord,
  running: OperationRecord | undefined,
): Instance {
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
    operation: running ? { id: running._id, kind: running.kind, status: running.status } : null,
    standing: instance.standing,
    licenceId: instance.licenceId,
    paidUntil: instance.paidUntil?.toISOString(),
    createdAt: instance.createdAt.toISOString(),
    readyAt: instance.readyAt?.toISOString(),
  };
}

export async function operatorInstanceViews(
  deps: Pick<ApiDeps, 'config' | 'store' | 'workflows'>,
  instances: readonly InstanceRecord[],
): Promise<OperatorInstance[]> {
  const views = await instanceViews(deps, instances);
  return instances.map((instance, at) => ({
    ...(views[at] as Instance),
    accountId: instance.accountId,
    workflowId: instanceWorkflowId(instance._id),
    workflowUrl: deps.workflows.pageOf(instanceWorkflowId(instance._id)),
  }));
}
