import type { SubscriptionRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { Incidents } from '../lib/incidents.ts';
import type { Journal } from '../lib/journal.ts';

export interface RecordsPorts {
  store: Store;
  journal: Journal;
  /** How long an order holds its name without an attempt to pay, ms. */
  holdMs: number;
}

/** What activities need by which a step or an operation begins or ends to wait for an operator. */
export interface WaitPorts extends RecordsPorts {
  incidents: Incidents;
}

export interface MarkReadyPorts extends Pick<RecordsPorts, 'store'> {
  /** Starts the workflow of a subscription, or signals it where it runs already. */
  startSubscription(subscription: SubscriptionRecord): Promise<void>;
}
