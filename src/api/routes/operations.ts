import { z } from 'zod';
import { IdempotencyKey } from '../../contracts/api/common.ts';
import { AcceptedOperation } from '../../contracts/api/operations.ts';
import { InstanceId } from '../../contracts/ids.ts';
import type { RequestedBy } from '../../contracts/operations/operation.ts';
import { operations } from '../../contracts/operations/registry.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { operationText } from '../../domain/operations/operation-texts.ts';
import { route } from '../../routing/route.ts';
import { requireAccount } from '../guards/require-account.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { requestOperation } from '../operations/request-operation.ts';
import { ownInstance } from './instances.ts';

type Declared = (typeof operations)[number];

const params = z.object({ id: InstanceId });

/** The routes that request operations, generated from the declaration of each operation. */
export const operationRoutes = [
  ...requestableBy('customer').map(customerRoute),
  ...requestableBy('operator').map(operatorRoute),
];

function requestableBy(who: RequestedBy): Declared[] {
  return operations.filter(({ requestedBy }) => requestedBy.includes(who));
}

/** What the two routes of an operation have in common. */
function commonOf({ kind, request, admission }: Declared) {
  const again = admission.deduplicated ? ' One that runs or waits already answers for this one.' : '';
  return {
    method: 'post' as const,
    summary: operationText(kind).request,
    description: `Answers as soon as it is accepted; \`GET /v1/operations/{id}\` has its progress.${again}`,
    params,
    ...(Object.keys(request.shape).length > 0 ? { body: request } : {}),
    answers: { 202: AcceptedOperation },
    problems: ['idempotency_key_reused', 'server_not_ready', 'operation_running', 'workflow_unreachable'] as const,
  };
}

function customerRoute(declared: Declared) {
  const { kind, role = 'admin' } = declared;
  const common = commonOf(declared);
  return route({
    ...common,
    path: `/v1/instances/{id}/${kind}`,
    tag: 'Instances',
    description: `${common.description} Needs the role \`${role}\` and an \`Idempotency-Key\`.`,
    guard: requireAccount(role),
    headers: z.object({ 'idempotency-key': IdempotencyKey }),
    handler: async ({ deps, caller, params: { id }, headers, body, requestId }) => {
      const instance = await ownInstance(deps, caller, id);
      const idempotencyKey = headers['idempotency-key'];
      const actor = `member:${caller.member._id}`;
      const requested = { kind, requestedBy: 'customer' as const, request: body, idempotencyKey, actor, requestId };
      const accepted = await requestOperation(deps, instance, requested);
      return { status: 202, body: accepted, headers: { Location: accepted.links.self } };
    },
  });
}

function operatorRoute(declared: Declared) {
  const { kind } = declared;
  return route({
    ...commonOf(declared),
    path: `/v1/operator/instances/{id}/${kind}`,
    tag: 'Operators',
    guard: requireOperator,
    headers: z.object({ 'idempotency-key': IdempotencyKey.optional() }),
    handler: async ({ deps, caller, params: { id }, headers, body, requestId }) => {
      const instance = await deps.store.instances.find(id);
      if (!instance) throw new ReasonError('not_found');
      const idempotencyKey = headers['idempotency-key'];
      const actor = `operator:${caller.name}`;
      const requested = { kind, requestedBy: 'operator' as const, request: body, idempotencyKey, actor, requestId };
      return { status: 202, body: await requestOperation(deps, instance, requested) };
    },
  });
}
