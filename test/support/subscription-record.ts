import { newId } from '../../src/runtime/new-id.ts';
import type { SubscriptionRecord } from '../../src/store/records.ts';

/** The record of a monthly subscription of a server, as create-subscription makes it. */
export function subscriptionRecord(change: Partial<SubscriptionRecord> = {}): SubscriptionRecord {
  const id = newId.subscription();
  return {
    _id: id,
    accountId: 'acc_1',
    orderId: newId.order(),
    subject: { kind: 'instance', id: newId.instance() },
    customerId: 'cus_1',
    stripeId: `sub_of_${id}`,
    items: [{ lookupKey: 'plan.maker.local.monthly', quantity: 1 }],
    cycle: 'monthly',
    paymentMethod: 'card',
    status: 'incomplete',
    createdAt: new Date(),
    ...change,
  };
}
