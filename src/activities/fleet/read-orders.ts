import type { Page, PassSettings } from '../../contracts/fleet.ts';
import type { Disposition, OrderFacts } from '../../domain/fleet/reconcile.ts';
import { dispositionsOf, type Owners, orderFacts } from './order-facts.ts';
import type { FleetPorts } from './ports.ts';

/**
 * A page of the orders to compare: all delivered ones, those that ended undelivered recently, and those that have an
 * open ticket. Facts and ids; no personal data.
 */
export function readOrders({ store }: FleetPorts) {
  return async (settings: PassSettings, after: string): Promise<Page<OrderFacts>> => {
    const { at, backMs, pageSize } = settings;
    const also = await store.tickets.openOrders();
    const orders = await store.orders.pageOfEnded({ after, limit: pageSize, since: new Date(at - backMs), also });
    const last = orders.at(-1);
    return { items: await orderFacts(store, orders), next: last && orders.length === pageSize ? last._id : null };
  };
}

/** The disposition of these orders and instances, by id. */
export function readDispositions({ store }: FleetPorts) {
  return (settings: PassSettings, owners: Owners): Promise<Record<string, Disposition>> =>
    dispositionsOf(store, owners, settings);
}
