import pLimit from 'p-limit';
import { ReasonError } from '../../contracts/reasons.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps, OrderStarts } from '../deps.ts';

/** Concurrent starts: a burst of orders must not delay the answers to later requests. */
const width = 2;

type StartDeps = Pick<ApiDeps, 'store' | 'workflows' | 'log'>;

/**
 * Starts the workflow of an order that has none. Throws `account_closed`, `workflow_unreachable`, and `not_found` where
 * the request that placed it has deleted it meanwhile.
 */
export async function startOrder(deps: StartDeps, order: OrderRecord): Promise<void> {
  await requireTaken(deps, order);
  // An order whose request died half way is accepted here, so that nothing deletes it under its workflow.
  if (!(await deps.store.orders.accept(order._id))) throw new ReasonError('not_found', `order ${order._id}`);
  await deps.workflows.startInstance(order);
  // If this write fails, the sweep starts it again, which has no effect.
  await deps.store.orders
    .markStarted(order._id)
    .catch((error) => deps.log.error({ err: error, orderId: order._id }, 'the start of an order was not noted'));
}

/**
 * Checks that the order's account is open, because its request may have failed before that check. An order without an
 * account is deleted: it never started, since closing an account is refused while it has orders. While the account is
 * being closed, the order waits for the outcome. Throws `account_closed`.
 */
export async function requireTaken({ store }: Pick<ApiDeps, 'store'>, order: OrderRecord): Promise<void> {
  const { accounts, holds, orders } = store;
  if (await accounts.takesOrders(order.accountId)) return;
  if (!(await accounts.find(order.accountId))) {
    await holds.release(order.quote.subject.name, [order._id]);
    await orders.remove(order._id);
  }
  throw new ReasonError('account_closed');
}

/**
 * Starts accepted orders in order of arrival, after their requests were answered. A failed start is logged and left to
 * the sweep.
 */
export function createOrderStarts(deps: StartDeps): OrderStarts {
  const limit = pLimit(width);
  const waiting = new Set<string>();
  const running = new Set<Promise<void>>();

  async function tryToStart(order: OrderRecord): Promise<void> {
    const trying = startOrder(deps, order).catch((error) =>
      deps.log.error({ err: error, orderId: order._id }, 'an order could not be started yet'),
    );
    running.add(trying);
    await trying;
    running.delete(trying);
    waiting.delete(order._id);
  }

  return {
    soon(order) {
      if (waiting.has(order._id)) return;
      waiting.add(order._id);
      void limit(() => tryToStart(order));
    },
    async stop() {
      limit.clearQueue();
      await Promise.all(running);
    },
  };
}
