import type { OrderPayment } from '../contracts/order-payment.ts';
import type { ListedPrice } from '../domain/catalogue/catalogue.ts';
import { createStripe, type StripeOptions } from './client.ts';
import type { CreateIntents } from './create-once.ts';
import { correctCustomer, ensureCustomer, type Payer } from './customers.ts';
import { holdingsOfOrder, listLiveSubscriptions } from './holdings.ts';
import { clientSecretOf, readPayment } from './payment-state.ts';
import { createPriceBook } from './price-book.ts';
import { moneyOf } from './read-money.ts';
import { endSubscriptionsOf, readInvoices, type SettleRequest, settleInvoices } from './settle.ts';
import { chargedFor } from './settle-plan.ts';
import { createSubscription, readSubscription, type SubscriptionRequest } from './subscriptions.ts';
import { syncCatalogue } from './sync-catalogue.ts';

/** The product's calls to Stripe through the real SDK; errors are thrown as reason codes. */
export function createStripeGateway(options: StripeOptions & { intents: CreateIntents }) {
  const stripe = createStripe(options);
  const priceBook = createPriceBook(stripe);
  const { intents } = options;
  return {
    ensureCustomer: (of: Payer) => ensureCustomer(stripe, intents, of),
    correctCustomer: (of: { customerId: string; email: string }) => correctCustomer(stripe, of),
    createSubscription: (request: SubscriptionRequest) => createSubscription(stripe, { intents, priceBook }, request),
    readPayment: (payment: OrderPayment) => readPayment(stripe, payment),
    clientSecretOf: (payment: OrderPayment) => clientSecretOf(stripe, payment),
    moneyOf: (invoiceIds: readonly string[]) => moneyOf(stripe, invoiceIds),
    chargedFor: async (invoiceIds: readonly string[]) => chargedFor(await readInvoices(stripe, invoiceIds)),
    readSubscription: (stripeId: string) => readSubscription(stripe, stripeId),
    endSubscriptionsOf: (of: { customerId: string; orderId: string }) => endSubscriptionsOf(stripe, of),
    settleInvoices: (request: SettleRequest) => settleInvoices(stripe, intents, request),
    holdingsOfOrder: (of: Parameters<typeof holdingsOfOrder>[1]) => holdingsOfOrder(stripe, of),
    listLiveSubscriptions: (page: { after: string; limit: number }) => listLiveSubscriptions(stripe, page),
    syncCatalogue: (prices: readonly ListedPrice[]) => syncCatalogue(stripe, prices),
  };
}

export type StripeGateway = ReturnType<typeof createStripeGateway>;
