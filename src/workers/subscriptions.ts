import type { Client } from '@temporalio/client';
import { subscriptionSignal, subscriptionWorkflowType } from '../contracts/subscription.ts';
import type { SubscriptionRecord } from '../store/records.ts';

/** Starts the workflow of a subscription, or signals it where it runs already. */
export function startSubscriptionBy(client: Client) {
  return async (subscription: SubscriptionRecord): Promise<void> => {
    await client.workflow.signalWithStart(subscriptionWorkflowType, subscriptionSignal(subscription));
  };
}
