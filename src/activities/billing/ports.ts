import type { RenewalTimes } from '../../domain/billing/renewal.ts';
import type { StripeGateway } from '../../payments/stripe-gateway.ts';
import type { Store } from '../../store/store.ts';
import type { Incidents } from '../lib/incidents.ts';

export interface BillingPorts {
  store: Store;
  gateway: StripeGateway;
  /** Declines after which an order ends. */
  declineLimit: number;
  /** How long a name stays held after each attempt to pay, ms. */
  holdAfterAttemptMs: number;
  /** Delay between two reads of a payment in the first 15 minutes, and later, ms. */
  paymentReadMs: number;
  paymentReadLaterMs: number;
  renewalTimes: RenewalTimes;
}

/** What activities need that act when the order has ended: no step of it can wait for an operator. */
export interface AfterOrderPorts extends BillingPorts {
  incidents: Incidents;
}
