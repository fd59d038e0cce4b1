import type { Operation } from '../../contracts/api/operations.ts';
import type { OperatorOperation } from '../../contracts/api/operator.ts';
import { decisionsOn, provisionSteps, steps as texts } from '../../contracts/steps.ts';
import { operationWorkflowId } from '../../contracts/workflow-messages.ts';
import { nextOn } from '../../domain/operations/next-on.ts';
import type { OperationRecord, OperationStep } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';
import type { ApiDeps } from '../deps.ts';

const { reasons: reasonTexts } = textsOf('en');

/** The steps of an operation in their order: forward steps that have not begun are pending, undo steps come after. */
function stepsOf(operation: Pick<OperationRecord, 'kind' | 'steps'>): OperationStep[] {
  const known = new Map(operation.steps.map((step) => [step.step, step]));
  const forward = operation.kind === 'provision' ? provisionSteps : [];
  const planned = forward.map((step) => known.get(step) ?? { step, status: 'pending' as const, attempt: 1 });
  const others = operation.steps.filter(({ step }) => !(forward as readonly string[]).includes(step));
  return [...planned, ...others];
}

/** An operation as its customer sees it; where a reason code tells why, the detail is for operators. */
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
      title: texts[step.step].title,
      why: texts[step.step].why,
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

export function operatorOperationView(deps: Pick<ApiDeps, 'workflows'>, operation: OperationRecord): OperatorOperation {
  const asks = operation.status === 'needs_operator';
  const waiting = asks ? operation.steps.find(({ status }) => status === 'needs_operator') : undefined;
  return {
    ...operationView(operation, { forOperators: true }),
    accountId: operation.accountId,
    workflowId: operationWorkflowId(operation.instanceId, operation._id),
    workflowUrl: deps.workflows.pageOf(operation.instanceId),
    waiting: waiting ? waitingView(waiting) : null,
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
