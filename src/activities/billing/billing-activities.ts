import type { RenewalTimes } from '../../domain/billing/renewal.ts';
import type { StripeGateway } from '../../payments/stripe-gateway.ts';
import type { Store } from '../../store/store.ts';
import { awaitPayment, expirePayment } from './await-payment.ts';
import { createSubscription } from './create-subscription.ts';
import { readSubscription } from './read-subscription.ts';
import { settleLatePayment, settleMoney } from './settle-money.ts';

export interface BillingPorts {
  store: Store;
  gateway: StripeGateway;
  /** Declines after which an order ends. */
  declineLimit: number;
  /** How long a name stays held after each attempt to pay, ms. */
  holdAfterAttemptMs: number;
  /** Waits between looks in the first 15 minutes, and later, ms. */
  paymentLookMs: number;
  paymentLookLaterMs: number;
  renewalTimes: RenewalTimes;
}

export function createBillingActivities(ports: BillingPorts) {
  return {
    createSubscription: createSubscription(ports),
    readSubscription: readSubscription(ports),
    awaitPayment: awaitPayment(ports),
    expirePayment: expirePayment(ports),
    settleMoney: settleMoney(ports),
    settleLatePayment: settleLatePayment(ports),
  };
}
