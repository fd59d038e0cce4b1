import type { ReasonCode } from '../../src/contracts/reasons.ts';
import type { OrderState } from '../../src/contracts/states.ts';
import { statesBefore } from '../../src/domain/billing/order-rules.ts';
import type { Store } from '../../src/store/store.ts';

/** Brings an order to a state, through those that lie between. */
export async function bringOrder(
  { orders }: Pick<Store, 'orders'>,
  id: string,
  { to, reason }: { to: OrderState; reason?: ReasonCode },
): Promise<void> {
  const order = await orders.find(id);
  if (!order) throw new Error(`there is no order ${id}`);
  const way = wayBetween(order.state, to);
  if (!way) throw new Error(`no order goes from ${order.state} to ${to}`);
  for (const state of way) await orders.move(id, { to: state, ...(reason ? { reason } : {}) });
}

function wayBetween(from: OrderState, to: OrderState): OrderState[] | undefined {
  if (from === to) return [];
  for (const before of statesBefore(to)) {
    const way = wayBetween(from, before);
    if (way) return [...way, to];
  }
  return undefined;
}
