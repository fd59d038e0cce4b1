import type { AcceptedOperation, Operation } from '../../contracts/api/operations.ts';
import type { OperatorOperation } from '../../contracts/api/operator.ts';
import type { RequestedBy } from '../../contracts/operations/operation.ts';
import { operationOf } from '../../contracts/operations/registry.ts';
import { decisionsOn, isUndoStep, type StepName } from '../../contracts/steps.ts';
import { operationWorkflowId } from '../../contracts/workflow-messages.ts';
import { nextOn } from '../../domain/operations/next-on.ts';
import { stepText } from '../../domain/operations/operation-texts.ts';
import type { InstanceRecord, OperationRecord, OperationStep } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';
import type { ApiDeps } from '../deps.ts';

const { reasons: reasonTexts } = textsOf('en');

/** The steps of an operation in order: forward steps that have not begun are pending, undo steps follow. */
function stepsOf(operation: Pick<OperationRecord, 'kind' | 'steps'>): OperationStep[] {
  const known = new Map(operation.steps.map((step) => [step.step, step]));
  const planned = operationOf(operation.kind).steps.flatMap(({ name, onDemand }): OperationStep[] => {
    const step = known.get(name as StepName);
    if (step) return [step];
    return onDemand ? [] : [{ step: name as StepName, status: 'pending', attempt: 1 }];
  });
  return [...planned, ...operation.steps.filter(({ step }) => isUndoStep(step))];
}

/** An operation for its customer. With a reason code the detail is omitted: it is only for operators. */
export function operationView(operation: OperationRecord, options = { forOperators: false }): Operation {
  return {
    id: operation._id,
    instanceId: operation.instanceId,
    orderId: operation.orderId,
    kind: operation.kind,
    status: operation.status,
    reason: operation.reason,
    steps: stepsOf(operation).map((step) => ({
      step: step.step,
      title: stepText(step.step, operation.kind).title,
      why: stepText(step.step, operation.kind).why,
      status: step.status,
      attempt: step.attempt,
      startedAt: step.startedAt?.toISOString(),
      endedAt: step.endedAt?.toISOString(),
      reason: step.reason,
      detail: step.reason && !options.forOperators ? undefined : step.detail,
    })),
    createdAt: operation.createdAt.toISOString(),
    endedAt: operation.endedAt?.toISOString(),
  };
}

/** Links of an operation that was just accepted: its own document and the live page of its server. */
export function acceptedOperationView(
  { config }: Pick<ApiDeps, 'config'>,
  { _id: instanceId, orderId }: InstanceRecord,
  { operationId, requestedBy }: { operationId: string; requestedBy: RequestedBy },
): AcceptedOperation {
  const base = config.FREEHOLD_PUBLIC_URL.replace(/\/$/, '');
  const path = requestedBy === 'operator' ? '/v1/operator/operations' : '/v1/operations';
  return {
    instanceId,
    operationId,
    links: { self: `${base}${path}/${operationId}`, page: `${base}/orders/${orderId}` },
  };
}

export function operatorOperationView(deps: Pick<ApiDeps, 'workflows'>, operation: OperationRecord): OperatorOperation {
  const workflowId = operationWorkflowId(operation.instanceId, operation._id);
  const asks = operation.status === 'needs_operator';
  const waiting = asks ? operation.steps.find(({ status }) => status === 'needs_operator') : undefined;
  return {
    ...operationView(operation, { forOperators: true }),
    accountId: operation.accountId,
    workflowId,
    workflowUrl: deps.workflows.pageOf(workflowId),
    ...(operation.found ? { found: operation.found } : {}),
    ...(operation.console ? { console: consoleView(operation.console) } : {}),
    waiting: waiting ? waitingView(waiting) : null,
  };
}

function consoleView({ at, machines }: NonNullable<OperationRecord['console']>): OperatorOperation['console'] {
  return {
    at: at.toISOString(),
    machines: machines.map(({ serverId, lines, problem }) => ({ serverId, lines, ...(problem ? { problem } : {}) })),
  };
}

function waitingView({ step, attempt, reason = 'internal', detail }: OperationStep): OperatorOperation['waiting'] {
  const { customer, operator } = reasonTexts[reason];
  return {
    ...{ step, attempt, reason, customer, operator, next: nextOn(step, reason) },
    ...(detail ? { detail } : {}),
    decisions: decisionsOn(step),
  };
}
