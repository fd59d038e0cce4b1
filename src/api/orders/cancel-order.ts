import { randomUUID } from 'node:crypto';
import { ReasonError } from '../../contracts/reasons.ts';
import { orderCanBeCancelled, orderHasEnded } from '../../contracts/states.ts';
import type { CancelRequest } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { requireSameRequest } from '../operations/require-same-request.ts';
import { startOrder } from './start-orders.ts';

/**
 * Cancels an order and returns its state afterwards; an order that is already being undone stays as it is. Throws
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
  requireOpen(order);
  if (!orderCanBeCancelled(order.state)) return order;
  const { idempotencyKey: key } = facts;
  await requireSameRequest(deps, { scope: order.instanceId, key, request: { action: 'cancel', orderId: order._id } });
  if (!order.startedAt) await startOrder(deps, order);
  try {
    await deps.workflows.cancel(order.instanceId, { by: facts.by, updateId: key ?? randomUUID() });
  } catch (error) {
    if (!(error instanceof ReasonError) || error.code !== 'not_found') throw error;
    // Its workflow ended between the read and the Update.
    const latest = await deps.store.orders.find(order._id);
    if (latest) requireOpen(latest);
    throw new ReasonError('workflow_unreachable', undefined, { cause: error });
  }
  const cancelled = (await deps.store.orders.find(order._id)) ?? order;
  await deps.store.audit.append({
    at: nowDate(),
    actor: facts.actor,
    action: 'cancel-order',
    subject: order._id,
    before: { state: order.state },
    after: { state: cancelled.state },
    requestId: facts.requestId,
    ...(facts.why ? { why: facts.why } : {}),
  });
  return cancelled;
}

function requireOpen(order: OrderRecord): void {
  if (order.state === 'fulfilled') throw new ReasonError('already_ready');
  if (orderHasEnded(order.state)) throw new ReasonError('already_ended');
}
