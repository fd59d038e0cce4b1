import type { OperatorOrder, OperatorOrderDetails } from '../../contracts/api/operator.ts';
import type { AcceptedOrder, CartOrder, Order, OrderDetails } from '../../contracts/api/orders.ts';
import { instanceWorkflowId } from '../../contracts/workflow-messages.ts';
import { orderCapability, orderPageLink } from '../../domain/billing/order-link.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { now } from '../../runtime/clock.ts';
import { type HostnameHold, nameStatusOf } from '../../store/hostname-holds.ts';
import type { InstanceRecord, OperationRecord, OrderRecord, QuoteContent, QuotedServer } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { auditView } from './audit-view.ts';
import { hostUrl } from './instance-view.ts';
import { operationView } from './operation-view.ts';

function linksOf(deps: Pick<ApiDeps, 'config'>, orderId: string): Order['links'] {
  const base = deps.config.FREEHOLD_PUBLIC_URL.replace(/\/$/, '');
  const self = `${base}/v1/orders/${orderId}`;
  return {
    self,
    payment: `${self}/payment`,
    events: `${self}/events`,
    cancel: `${self}/cancel`,
    page: `${base}/orders/${orderId}`,
  };
}

/** The server of a quote, in the fields that quotes and orders share. */
export function quotedServerView({ kind, plan, cycle, cloud, region, zones, hostname, addOns }: QuotedServer) {
  return { kind, plan, cycle, cloud, region, zone: zones[0]!, hostname, nodes: zones.length, addOns };
}

/** The price in the fields that quotes and orders share. */
export function priceView({ lines, currency, total }: QuoteContent) {
  return { lines, currency, total };
}

/** The answer to a new order; it contains nothing that changes later, so a repeated request gets the same. */
export function acceptedOrderView(deps: Pick<ApiDeps, 'config'>, order: OrderRecord): AcceptedOrder {
  const { FREEHOLD_PUBLIC_URL: publicUrl, FREEHOLD_SIGNING_KEY: key } = deps.config;
  return {
    id: order._id,
    instanceId: order.instanceId,
    operationId: order.operationId,
    state: 'awaiting_payment',
    capability: orderCapability(key, order._id),
    links: { ...linksOf(deps, order._id), page: orderPageLink({ publicUrl, key, orderId: order._id }) },
  };
}

export function orderView(deps: Pick<ApiDeps, 'config'>, order: OrderRecord): Order {
  return {
    id: order._id,
    instanceId: order.instanceId,
    operationId: order.operationId,
    state: order.state,
    reason: order.reason,
    subject: quotedServerView(order.quote.subject),
    ...priceView(order.quote),
    paid: order.paid,
    refunded: order.refunded,
    ...(order.paidOutside ? { paidOutside: order.paidOutside } : {}),
    declines: order.declines,
    createdAt: order.createdAt.toISOString(),
    endedAt: order.endedAt?.toISOString(),
    links: linksOf(deps, order._id),
  };
}

/** An order for whoever may have its capability: the link of its page contains it. */
export function cartOrderView(deps: Pick<ApiDeps, 'config'>, order: OrderRecord): CartOrder {
  const { capability, links } = acceptedOrderView(deps, order);
  return { ...orderView(deps, order), capability, links };
}

/** An order with its operation and instance; `hold` is the hold on its name, whoever has it. */
export function orderDetailsView(
  deps: Pick<ApiDeps, 'config'>,
  records: {
    order: OrderRecord;
    instance: InstanceRecord | null;
    operation: OperationRecord | null;
    hold: HostnameHold | null;
  },
): OrderDetails {
  const { order, instance, operation, hold } = records;
  return {
    ...orderView(deps, order),
    instance: instance && {
      id: instance._id,
      status: instance.status,
      hostname: primaryHostname(instance.desired),
      url: hostUrl(deps, primaryHostname(instance.desired)),
    },
    operation: operation && operationView(operation),
    triesLeft: Math.max(0, deps.config.FREEHOLD_DECLINES - order.declines),
    name: nameView(order, hold),
  };
}

function nameView({ _id, instanceId, quoteId }: OrderRecord, hold: HostnameHold | null): OrderDetails['name'] {
  const status = nameStatusOf(hold, { holderIds: [_id, instanceId, quoteId], at: now() });
  const until = status === 'held' ? hold?.until?.toISOString() : undefined;
  return { status, ...(until ? { until } : {}) };
}

export function operatorOrderView(deps: Pick<ApiDeps, 'config' | 'workflows'>, order: OrderRecord): OperatorOrder {
  const { payment } = order;
  const workflowId = instanceWorkflowId(order.instanceId);
  return {
    ...orderView(deps, order),
    accountId: order.accountId,
    billingEmail: order.billingEmail,
    adminEmail: order.adminEmail,
    stripe: payment
      ? {
          customerId: payment.customerId,
          subscriptionId: payment.subscriptionId,
          invoiceId: payment.invoiceId,
          paymentIntentId: payment.paymentIntentId,
        }
      : null,
    started: order.startedAt !== undefined && order.startedAt !== null,
    workflowId,
    workflowUrl: deps.workflows.pageOf(workflowId),
  };
}

/** An order for operators, with its mails and its audit log. */
export async function detailedOrderView(
  deps: Pick<ApiDeps, 'config' | 'workflows' | 'store'>,
  order: OrderRecord,
): Promise<OperatorOrderDetails> {
  const [mails, entries] = await Promise.all([deps.store.outbox.ofOrder(order._id), deps.store.audit.of(order._id)]);
  return {
    ...operatorOrderView(deps, order),
    mails: mails.map(({ kind, recipient, status, sentAt }) => ({
      ...{ kind, recipient, status },
      ...(sentAt ? { sentAt: sentAt.toISOString() } : {}),
    })),
    audit: entries.map(auditView),
  };
}
