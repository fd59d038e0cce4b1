import { foundKinds } from '../../contracts/api/operator.ts';
import { TicketId } from '../../contracts/fleet.ts';
import { AccountId, InstanceId, OperationId, OrderId, QuoteId } from '../../contracts/ids.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import type { OrderSearch } from '../../store/orders.ts';
import type { InstanceRecord, OperationRecord, OrderRecord, TicketRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

/** How many of each kind are returned. */
const shown = 20;

export interface FoundRecords {
  orders: OrderRecord[];
  instances: InstanceRecord[];
  operations: OperationRecord[];
  accounts: AccountRecord[];
  tickets: TicketRecord[];
  /** The kinds of which more matched than are returned. */
  more: (typeof foundKinds)[number][];
}

/**
 * Finds what a text names (an id of ours or of Stripe, a licence, an e-mail address, a hostname or its first label),
 * with everything about it: the servers and operations of an order, the orders of a server, the open tickets of both.
 */
export async function findRecords({ store }: { store: Store }, text: string): Promise<FoundRecords> {
  // One more than is returned tells whether there are more.
  const asked = shown + 1;
  const isTicket = TicketId.safeParse(text).success;
  const [ticket, named, byName, operation] = await Promise.all([
    isTicket ? store.tickets.find(text) : null,
    store.orders.matching(orderSearchOf(text), asked),
    store.instances.matching(text.toLowerCase(), asked),
    OperationId.safeParse(text).success ? store.operations.find(text) : null,
  ]);
  const instanceIds = unique([
    ...named.map(({ instanceId }) => instanceId),
    ...byName.map(({ _id }) => _id),
    ...(operation ? [operation.instanceId] : []),
    ...(ticket?.instanceId ? [ticket.instanceId] : []),
    ...(InstanceId.safeParse(text).success ? [text] : []),
  ]).slice(0, asked);
  const [others, instances, operations, accounts] = await Promise.all([
    store.orders.matching({ instanceId: instanceIds }, asked),
    store.instances.newestOf(instanceIds, asked),
    store.operations.ofInstances(instanceIds, asked),
    accountsOf(store, text),
  ]);
  const orders = newestFirst(new Map([...named, ...others].map((order) => [order._id, order])).values());
  const subjects = unique([...instanceIds, ...orders.map(({ _id }) => _id)]);
  const tickets = ticket ? [ticket] : await store.tickets.openOf(subjects, asked);
  const found = { orders, instances, operations, accounts, tickets };
  return {
    orders: orders.slice(0, shown),
    instances: instances.slice(0, shown),
    operations: operations.slice(0, shown),
    accounts: accounts.slice(0, shown),
    tickets: tickets.slice(0, shown),
    more: foundKinds.filter((kind) => found[kind].length > shown),
  };
}

function newestFirst(orders: Iterable<OrderRecord>): OrderRecord[] {
  return [...orders].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}

/** The fields of an order in which a text of this form can occur. */
function orderSearchOf(text: string): OrderSearch {
  const lower = text.toLowerCase();
  const values = [...new Set([text, lower])];
  if (OrderId.safeParse(text).success) return { _id: [text] };
  if (InstanceId.safeParse(text).success) return { instanceId: [text] };
  if (OperationId.safeParse(text).success) return { operationId: [text] };
  if (QuoteId.safeParse(text).success) return { quoteId: [text] };
  if (AccountId.safeParse(text).success) return { accountId: [text] };
  if (text.includes('@')) return { billingEmail: values, adminEmail: values };
  switch (/^([a-z]+)_/.exec(text)?.[1]) {
    case 'cus':
      return { 'payment.customerId': [text] };
    case 'sub':
      return { 'payment.subscriptionId': [text] };
    case 'in':
      return { invoiceIds: [text] };
    case 'pi':
      return { 'payment.paymentIntentId': [text] };
    default:
      return { 'quote.subject.hostname': [lower], 'quote.subject.name': [lower] };
  }
}

async function accountsOf(store: Store, text: string): Promise<AccountRecord[]> {
  if (text.includes('@')) return store.accounts.ofMember(text);
  const account = AccountId.safeParse(text).success ? await store.accounts.find(text) : null;
  return account ? [account] : [];
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}
