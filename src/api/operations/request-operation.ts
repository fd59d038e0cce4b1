import { isDeepStrictEqual } from 'node:util';
import type { AcceptedOperation } from '../../contracts/api/operations.ts';
import type { RequestedBy } from '../../contracts/operations/operation.ts';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { nowDate } from '../../runtime/clock.ts';
import { newId, operationIdFrom } from '../../runtime/new-id.ts';
import type { InstanceRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { acceptedOperationView } from '../views/operation-view.ts';
import { requireSameRequest } from './require-same-request.ts';

/**
 * Requests an operation from the entity of an instance and returns the operation that answers the request. The same
 * Idempotency-Key, kind and instance always give the same operation. Every accepted request is audited. Throws
 * `idempotency_key_reused`, `server_not_ready`, `operation_running` (its detail is the id of the other one),
 * `workflow_unreachable`.
 */
export async function requestOperation(
  deps: Pick<ApiDeps, 'store' | 'workflows' | 'config'>,
  instance: InstanceRecord,
  requested: {
    kind: OperationKind;
    requestedBy: RequestedBy;
    request: Record<string, unknown> | undefined;
    idempotencyKey: string | undefined;
    actor: string;
    requestId: string;
  },
): Promise<AcceptedOperation> {
  const { _id: instanceId, status } = instance;
  const { kind, requestedBy, request, idempotencyKey, actor, requestId } = requested;
  const isRepeated = await requireSameRequest(deps, {
    ...{ scope: `${instanceId}:${kind}`, key: idempotencyKey, request: { requestedBy, request: request ?? {} } },
  });
  const id = idempotencyKey ? operationIdFrom([instanceId, kind, idempotencyKey]) : newId.operation();
  if (idempotencyKey && (await deps.store.operations.find(id))) {
    await note(id);
    return acceptedOperationView(deps, instance, { operationId: id, requestedBy });
  }
  const operation = { kind, operationId: id, requestedBy, ...(request ? { request } : {}) };
  const { operationId } = await deps.workflows.request(instanceId, operation).catch((error: unknown) => {
    // The workflow of an instance ends with the instance.
    const isGone = error instanceof ReasonError && error.code === 'not_found';
    throw isGone ? new ReasonError('server_not_ready', `the instance is ${status}`, { cause: error }) : error;
  });
  await note(operationId);
  return acceptedOperationView(deps, instance, { operationId, requestedBy });

  /** Audits the request, unless an earlier one with its key was audited. */
  async function note(accepted: string): Promise<void> {
    const action = `request-${kind}`;
    const after = { operationId: accepted };
    const entries = isRepeated ? await deps.store.audit.of(instanceId) : [];
    const isNoted = entries.some((entry) =>
      isDeepStrictEqual([entry.actor, entry.action, entry.after], [actor, action, after]),
    );
    if (isNoted) return;
    await deps.store.audit.append({ at: nowDate(), actor, action, subject: instanceId, after, requestId });
  }
}
