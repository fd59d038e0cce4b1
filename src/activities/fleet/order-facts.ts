import type { Disposition, OrderFacts, Settling } from '../../domain/fleet/reconcile.ts';
import { dispositionOf } from '../../domain/fleet/reconcile.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

/** Facts from our own records about these orders and their servers. */
export async function orderFacts(
  store: Pick<Store, 'instances' | 'operations' | 'holds'>,
  orders: readonly OrderRecord[],
): Promise<OrderFacts[]> {
  const instanceIds = orders.map(({ instanceId }) => instanceId);
  const servers = new Map((await store.instances.findMany(instanceIds)).map((instance) => [instance._id, instance]));
  // A server may have been renamed since its order.
  const nameOf = ({ instanceId, quote }: OrderRecord) => servers.get(instanceId)?.name ?? quote.subject.name;
  const [running, holds] = await Promise.all([
    store.operations.runningOf(instanceIds),
    store.holds.findMany(orders.map(nameOf)),
  ]);
  const holders = new Map(holds.map(({ _id, holderId }) => [_id, holderId]));
  return orders.map((order) => {
    const { _id: orderId, instanceId, state, endedAt, quote } = order;
    const server = servers.get(instanceId);
    const name = nameOf(order);
    return {
      orderId,
      instanceId,
      state,
      total: quote.total,
      endedAt: endedAt?.getTime() ?? null,
      name,
      hostname: server ? primaryHostname(server.desired) : quote.subject.hostname,
      cloud: quote.subject.cloud,
      busy: running.has(instanceId),
      server: server
        ? {
            status: server.status,
            readyAt: server.readyAt?.getTime() ?? null,
            standing: server.standing,
            standingRevision: server.standingRevision,
            serverIds: server.outputs?.serverIds ?? [],
          }
        : null,
      nameHolder: holders.get(name) ?? null,
    };
  });
}

/** The ids of the orders and instances to compare. */
export interface Owners {
  orderIds: string[];
  instanceIds: string[];
}

/** The disposition of each of these orders and instances, by id. */
export async function dispositionsOf(
  store: Pick<Store, 'orders' | 'instances' | 'operations' | 'holds'>,
  { orderIds, instanceIds }: Owners,
  settling: Settling,
): Promise<Record<string, Disposition>> {
  const orders = await store.orders.findMany({ ids: orderIds, instanceIds });
  const facts = await orderFacts(store, orders);
  const known = new Map<string, OrderFacts>();
  for (const fact of facts) known.set(fact.orderId, fact).set(fact.instanceId, fact);
  return Object.fromEntries(
    [...orderIds, ...instanceIds].map((id) => [id, dispositionOf(known.get(id) ?? null, settling)]),
  );
}
