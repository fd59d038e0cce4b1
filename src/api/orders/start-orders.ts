import pLimit from 'p-limit';
import { ReasonError } from '../../contracts/reasons.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps, OrderStarts } from '../deps.ts';

/** Starts under way at once: a burst of orders must not keep those behind it waiting for their answers. */
const width = 2;

type StartDeps = Pick<ApiDeps, 'store' | 'workflows' | 'log'>;

/** Starts the workflow of an order that stands without one. Throws `account_closed`, `workflow_unreachable`. */
export async function startOrder(deps: StartDeps, order: OrderRecord): Promise<void> {
  await requireTaken(deps, order);
  await deps.workflows.startInstance(order);
  // Without the note the sweep starts what runs already, which changes nothing.
  await deps.store.orders
    .markStarted(order._id)
    .catch((error) => deps.log.error({ err: error, orderId: order._id }, 'the start of an order was not noted'));
}

/**
 * Makes sure that the account takes an order whose request may have died before it asked. Without its account nothing is
 * kept of the order: it never started, as who closes an account gives way to every order that he finds. While somebody
 * is closing the account, the order waits for what comes of that. Throws `account_closed`.
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
 * Starts accepted orders in the order in which they came, while their customers have their answers already. What cannot
 * be started is logged and left to the sweep.
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
