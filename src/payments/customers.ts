import type Stripe from 'stripe';
import { call } from './client.ts';
import { type CreateIntents, createOnce } from './create-once.ts';

export interface CustomerDetails {
  accountId: string;
  email: string;
  name: string;
  address: { line1?: string | undefined; city?: string | undefined; postalCode?: string | undefined; country: string };
}

/** The Stripe customer of an account: one per account, made at its first order. */
export async function ensureCustomer(
  stripe: Stripe,
  intents: CreateIntents,
  details: CustomerDetails,
): Promise<Stripe.Customer> {
  const baseKey = `${details.accountId}:customer`;
  const parameters: Stripe.CustomerCreateParams = {
    email: details.email,
    name: details.name,
    address: {
      country: details.address.country,
      ...(details.address.line1 ? { line1: details.address.line1 } : {}),
      ...(details.address.city ? { city: details.address.city } : {}),
      ...(details.address.postalCode ? { postal_code: details.address.postalCode } : {}),
    },
    metadata: { freehold_key: baseKey, freehold_account: details.accountId },
  };
  return createOnce<Stripe.Customer>({
    intents,
    baseKey,
    // The first order's details made the customer; a later order with another address finds the same one.
    parameters: baseKey,
    create: (idempotencyKey) => call('customer', stripe.customers.create(parameters, { idempotencyKey })),
    fetch: async (id) => {
      const customer = await stripe.customers.retrieve(id);
      if (customer.deleted) throw new Error(`customer ${id} was deleted at Stripe`);
      return customer;
    },
    find: async () => {
      for await (const customer of stripe.customers.list({ email: details.email, limit: 100 })) {
        if (customer.metadata.freehold_key === baseKey) return customer;
      }
      return undefined;
    },
  });
}
