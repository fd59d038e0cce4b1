import { z } from 'zod';
import { IdempotencyKey, pageOf } from '../../contracts/api/common.ts';
import {
  AuditEntry,
  CancelOrderRequest,
  CorrectAddressRequest,
  DecisionRequest,
  OperatorInstance,
  OperatorInstanceQuery,
  OperatorOperation,
  OperatorOperationQuery,
  OperatorOrder,
  OperatorOrderDetails,
  OperatorOrderQuery,
} from '../../contracts/api/operator.ts';
import { InstanceId, OperationId, OrderId } from '../../contracts/ids.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Decision } from '../../contracts/steps.ts';
import { route } from '../../routing/route.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { decideOperation } from '../operations/decide-operation.ts';
import { cancelOrder } from '../orders/cancel-order.ts';
import { correctAddress } from '../orders/correct-address.ts';
import { auditView } from '../views/audit-view.ts';
import { operatorInstanceViews } from '../views/instance-view.ts';
import { operatorOperationView } from '../views/operation-view.ts';
import { detailedOrderView, operatorOrderView } from '../views/order-view.ts';

const tag = 'Operators';
const guard = requireOperator;

/** Omits the filter fields that the request does not name. */
function given<Filter extends object>(filter: Filter): Filter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter;
}

export const operatorRoutes = [
  route({
    method: 'get',
    path: '/v1/operator/orders',
    tag,
    summary: 'Orders of all accounts, newest first',
    guard,
    query: OperatorOrderQuery,
    answers: { 200: pageOf(OperatorOrder) },
    problems: [],
    handler: async ({ deps, query: { limit, before, ...filter } }) => {
      const { items, next } = await deps.store.orders.newest(given(filter), { limit, before });
      return { status: 200, body: { items: items.map((order) => operatorOrderView(deps, order)), next } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/orders/{id}',
    tag,
    summary: 'One order with its mails and what operators did to it',
    guard,
    params: z.object({ id: OrderId }),
    answers: { 200: OperatorOrderDetails },
    problems: [],
    handler: async ({ deps, params: { id } }) => {
      const order = await deps.store.orders.find(id);
      if (!order) throw new ReasonError('not_found');
      return { status: 200, body: await detailedOrderView(deps, order) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/operator/orders/{id}/cancel',
    tag,
    summary: 'Cancel an order before its server is ready',
    description: 'Removes what was built and refunds what was paid; the order ends as `cancelled`.',
    guard,
    params: z.object({ id: OrderId }),
    headers: z.object({ 'idempotency-key': IdempotencyKey.optional() }),
    body: CancelOrderRequest,
    answers: { 202: OperatorOrder },
    problems: ['already_ready', 'already_ended', 'account_closed', 'idempotency_key_reused', 'workflow_unreachable'],
    handler: async ({ deps, params: { id }, body: { why }, headers, caller, requestId }) => {
      const order = await deps.store.orders.find(id);
      if (!order) throw new ReasonError('not_found');
      const idempotencyKey = headers['idempotency-key'];
      const about = { by: 'operator', actor: `operator:${caller.name}`, why, requestId, idempotencyKey } as const;
      return { status: 202, body: operatorOrderView(deps, await cancelOrder(deps, order, about)) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/operator/orders/{id}/correct-address',
    tag,
    summary: 'Correct a wrong e-mail address of an order and its server',
    description:
      'Replaces the address of payer and administrator wherever it is the wrong one, sends the mails again that it did ' +
      'not get, and runs a step again that waits for a mail. The account and who may sign in to it stay as they are.',
    guard,
    params: z.object({ id: OrderId }),
    headers: z.object({ 'idempotency-key': IdempotencyKey.optional() }),
    body: CorrectAddressRequest,
    answers: { 202: OperatorOrderDetails },
    problems: ['address_not_there', 'idempotency_key_reused', 'workflow_unreachable'],
    handler: async ({ deps, params: { id }, body, headers, caller, requestId }) => {
      const order = await deps.store.orders.find(id);
      if (!order) throw new ReasonError('not_found');
      const corrected = await correctAddress(deps, order, {
        ...{ ...body, operator: caller.name, requestId, idempotencyKey: headers['idempotency-key'] },
      });
      return { status: 202, body: await detailedOrderView(deps, corrected) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/instances',
    tag,
    summary: 'Servers of all accounts, newest first',
    guard,
    query: OperatorInstanceQuery,
    answers: { 200: pageOf(OperatorInstance) },
    problems: [],
    handler: async ({ deps, query: { limit, before, ...filter } }) => {
      const { items, next } = await deps.store.instances.newest(given(filter), { limit, before });
      return { status: 200, body: { items: await operatorInstanceViews(deps, items), next } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/instances/{id}',
    tag,
    summary: 'One server',
    guard,
    params: z.object({ id: InstanceId }),
    answers: { 200: OperatorInstance },
    problems: [],
    handler: async ({ deps, params: { id } }) => {
      const instance = await deps.store.instances.find(id);
      const [view] = await operatorInstanceViews(deps, instance ? [instance] : []);
      if (!view) throw new ReasonError('not_found');
      return { status: 200, body: view };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/operations',
    tag,
    summary: 'Operations of all accounts, newest first',
    description: '`status=needs_operator` lists the operations that wait for an operator.',
    guard,
    query: OperatorOperationQuery,
    answers: { 200: pageOf(OperatorOperation) },
    problems: [],
    handler: async ({ deps, query: { limit, before, ...filter } }) => {
      const { items, next } = await deps.store.operations.newest(given(filter), { limit, before });
      return { status: 200, body: { items: items.map((each) => operatorOperationView(deps, each)), next } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/operations/{id}',
    tag,
    summary: 'One operation with the decisions of operators',
    guard,
    params: z.object({ id: OperationId }),
    answers: { 200: z.strictObject({ operation: OperatorOperation, audit: z.array(AuditEntry) }) },
    problems: [],
    handler: async ({ deps, params: { id } }) => {
      const [operation, entries] = await Promise.all([deps.store.operations.find(id), deps.store.audit.of(id)]);
      if (!operation) throw new ReasonError('not_found');
      return {
        status: 200,
        body: { operation: operatorOperationView(deps, operation), audit: entries.map(auditView) },
      };
    },
  }),
  decisionRoute('retry', 'Run the waiting step again'),
  decisionRoute('skip', 'Go on without the waiting step, where that is allowed'),
  decisionRoute('abort', 'Undo the operation; one that undoes nothing is ended, and the server left as it is'),
];

function decisionRoute(action: Decision, summary: string) {
  return route({
    method: 'post',
    path: `/v1/operator/operations/{id}/${action}`,
    tag,
    summary,
    description: 'Names the waiting step and attempt, so that a decision never applies to another attempt.',
    guard,
    params: z.object({ id: OperationId }),
    headers: z.object({ 'idempotency-key': IdempotencyKey.optional() }),
    body: DecisionRequest,
    answers: { 202: OperatorOperation },
    problems: [
      'idempotency_key_reused',
      'step_not_waiting',
      'step_not_skippable',
      'already_ready',
      'already_ended',
      'workflow_unreachable',
    ],
    handler: async ({ deps, params: { id }, body, headers, caller, requestId }) => {
      const operation = await deps.store.operations.find(id);
      if (!operation) throw new ReasonError('not_found');
      const about = { operator: caller.name, idempotencyKey: headers['idempotency-key'], requestId };
      const latest = await decideOperation(deps, operation, { action, ...body, ...about });
      return { status: 202, body: operatorOperationView(deps, latest) };
    },
  });
}
