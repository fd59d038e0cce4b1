import type { Resource } from './kernel/context.ts';
import { charges } from './resources/charges.ts';
import { creditNoteLines, creditNotes } from './resources/credit-notes.ts';
import { customers } from './resources/customers.ts';
import { events } from './resources/events.ts';
import { invoiceItems } from './resources/invoice-items.ts';
import { invoicePayments } from './resources/invoice-payments.ts';
import { invoiceLines, invoices } from './resources/invoices.ts';
import { paymentIntents } from './resources/payment-intents.ts';
import { paymentMethods } from './resources/payment-methods.ts';
import { prices } from './resources/prices.ts';
import { products } from './resources/products.ts';
import { refunds } from './resources/refunds.ts';
import { setupIntents } from './resources/setup-intents.ts';
import { subscriptionItems } from './resources/subscription-items.ts';
import { subscriptions } from './resources/subscriptions.ts';
import { taxRates } from './resources/tax-rates.ts';
import { webhookEndpoints } from './resources/webhook-endpoints.ts';

/** All resources of the emulator, by the `object` field. A new resource is one file and one line here. */
export const resources = new Map<string, Resource>(
  [
    charges,
    creditNoteLines,
    creditNotes,
    customers,
    events,
    invoiceItems,
    invoiceLines,
    invoicePayments,
    invoices,
    paymentIntents,
    paymentMethods,
    prices,
    products,
    refunds,
    setupIntents,
    subscriptionItems,
    subscriptions,
    taxRates,
    webhookEndpoints,
  ].map((resource) => [resource.object, resource]),
);
