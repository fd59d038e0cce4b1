import { randomUUID } from 'node:crypto';
import { orderOperation } from '../../contracts/operations/registry.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { orderCanBeCancelled, orderHasEnded } from '../../contracts/states.ts';
import type { CancelRequest } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { requireSameRequest } from '../operations/require-same-request.ts';
import { startOrder } from './start-orders.ts';

const cancelAction = 'cancel-order';

/**
 * Cancels an order and returns its state afterwards; an order that is already being undone stays as it is. A request
 * that is repeated with its Idempotency-Key, because the first answer was lost, is answered with the cancelled order.
 * Every request that may have been accepted is audited. Throws
 * `idempotency_key_reused`, `already_ready`, `already_ended`, `account_closed`, `workflow_unreachable`.
 */
export async function cancelOrder(
  deps: ApiDeps,
  order: OrderRecord,
  facts: {
    by: CancelRequest['by'];
    /** Who it is in the audit log, and why they do it. */
    actor: string;
    why?: string;
    requestId: string;
    idempotencyKey?: string | undefined;
  },
): Promise<OrderRecord> {
  const { by, idempotencyKey: key } = facts;
  const isRepeated = await requireSameRequest(deps, {
    ...{ scope: order.instanceId, key, request: { action: 'cancel', orderId: order._id } },
  });
  const wasCancelled = isRepeated && order.reason === orderOperation.order.cancelledBy[by];
  if (wasCancelled && !orderCanBeCancelled(order.state)) {
    // The first request may have died before it was audited.
    const entries = await deps.store.audit.of(order._id);
    if (!entries.some(({ actor, action }) => actor === facts.actor && action === cancelAction)) await note(order);
    return order;
  }
  requireOpen(order);
  if (!orderCanBeCancelled(order.state)) return order;
  if (!order.startedAt) await startOrder(deps, order);
  try {
    await deps.workflows.cancel(order.instanceId, { by, updateId: key ?? randomUUID() });
  } catch (error) {
    if (!(error instanceof ReasonError)) throw error;
    // The order may be cancelled all the same: only the answer was lost.
    if (error.code === 'workflow_unreachable') await note(undefined);
    if (error.code !== 'not_found') throw error;
    // Its workflow ended between the read and the Update.
    const latest = await deps.store.orders.find(order._id);
    if (latest) requireOpen(latest);
    throw new ReasonError('workflow_unreachable', undefined, { cause: error });
  }
  const cancelled = (await deps.store.orders.find(order._id)) ?? order;
  await note(cancelled);
  return cancelled;

  /** `after` is undefined where it is not known whether the order is cancelled. */
  async function note(after: OrderRecord | undefined): Promise<void> {
    await deps.store.audit.append({
      at: nowDate(),
      actor: facts.actor,
      action: cancelAction,
      subject: order._id,
      before: { state: order.state },
      ...(after ? { after: { state: after.state } } : {}),
      requestId: facts.requestId,
      ...(facts.why ? { why: facts.why } : {}),
    });
  }
}

function requireOpen(order: OrderRecord): void {
  if (order.state === 'fulfilled') throw new ReasonError('already_ready');
  if (orderHasEnded(order.state)) throw new ReasonError('already_ended');
}
