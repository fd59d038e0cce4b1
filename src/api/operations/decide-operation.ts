import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Decision, StepName } from '../../contracts/steps.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OperationRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { requireSameRequest } from './require-same-request.ts';

/**
 * Passes an operator's decision about a waiting step to the operation, and returns the operation afterwards. Every
 * accepted decision is audited. A request that is repeated with its Idempotency-Key, because the first answer was
 * lost, is answered as accepted also when the step has gone on meanwhile. Throws `idempotency_key_reused`,
 * `step_not_waiting`, `step_not_skippable`, `already_ready`, `already_ended`, `workflow_unreachable`.
 */
export async function decideOperation(
  deps: Pick<ApiDeps, 'store' | 'workflows'>,
  operation: OperationRecord,
  decided: {
    action: Decision;
    step: StepName;
    attempt: number;
    why: string;
    operator: string;
    idempotencyKey: string | undefined;
    requestId: string;
  },
): Promise<OperationRecord> {
  const { action, step, attempt, why, operator, idempotencyKey: key, requestId } = decided;
  const { _id: operationId, instanceId, status } = operation;
  const body = { step, attempt, why };
  const actor = `operator:${operator}`;
  const isRepeated = await requireSameRequest(deps, {
    ...{ scope: instanceId, key, request: { action, operationId, ...body } },
  });
  const isWaiting = operation.steps.some(
    (each) => each.step === step && each.attempt === attempt && each.status === 'needs_operator',
  );
  if (!isWaiting && !isRepeated) throw new ReasonError('step_not_waiting', `${step}, attempt ${attempt}`);

  const entries = isRepeated ? await deps.store.audit.of(operationId) : [];
  const isAudited = (name: string) =>
    entries.some((entry) => {
      const about = entry.before as { step?: unknown; attempt?: unknown };
      const known = [entry.actor, entry.action, entry.why, about?.step, about?.attempt];
      return isDeepStrictEqual(known, [actor, name, why, step, attempt]);
    });
  // The workflow writes this entry when it uses a decision, before its step goes on.
  if (!isAudited(`operation-${action}`)) {
    const request = { operationId, operator, ...body };
    await deps.workflows.decide(instanceId, { action, request, updateId: key ?? randomUUID() });
  }
  if (!isAudited(`request-${action}`)) {
    await deps.store.audit.append({
      ...{ at: nowDate(), actor, action: `request-${action}`, subject: operationId, requestId, why },
      before: { status, step, attempt },
    });
  }
  return (await deps.store.operations.find(operationId)) ?? operation;
}
