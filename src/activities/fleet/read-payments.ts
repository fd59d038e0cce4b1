import pLimit from 'p-limit';
import type { Page, PassSettings } from '../../contracts/fleet.ts';
import type { MoneyFacts, SubscriptionFacts } from '../../domain/fleet/reconcile.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { FleetPorts } from './ports.ts';

const nothing: MoneyFacts = {
  paid: 0,
  refunded: 0,
  owedOutside: 0,
  unrefunded: [],
  openInvoices: 0,
  liveSubscriptions: 0,
  inFlight: false,
};
/** Orders that are read concurrently; each takes a handful of requests, and Stripe allows 100 a second. */
const atOnce = 4;

/** What Stripe holds for each of these orders, by order id. */
export function readPayments({ store, gateway }: FleetPorts) {
  async function holdings(order: OrderRecord): Promise<MoneyFacts> {
    // An order without a subscription charged nothing; a subscription that it lost is in the list of all subscriptions.
    if (!order.payment) return nothing;
    const { _id: orderId, invoiceIds, payment, state } = order;
    const delivered = state === 'fulfilled';
    return gateway.holdingsOfOrder({ customerId: payment.customerId, orderId, invoiceIds, delivered });
  }

  return async (orderIds: string[]): Promise<Record<string, MoneyFacts>> => {
    const orders = await store.orders.findMany({ ids: orderIds, instanceIds: [] });
    const facts: Record<string, MoneyFacts> = {};
    await pLimit(atOnce).map(orders, async (order) => {
      facts[order._id] = await holdings(order);
    });
    return facts;
  };
}

/** A page of the live subscriptions at Stripe that name an order. */
export function readSubscriptions({ gateway }: FleetPorts) {
  return async ({ pageSize }: PassSettings, after: string): Promise<Page<SubscriptionFacts>> =>
    gateway.listLiveSubscriptions({ after, limit: pageSize });
}
