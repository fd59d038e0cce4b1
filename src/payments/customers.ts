import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { canonicalJson } from '../domain/billing/canonical-json.ts';
import { call } from './client.ts';
import { type CreateIntents, createOnce } from './create-once.ts';
import { isMissing } from './errors.ts';

/** Whom a bill is for: everything that Stripe copies from the customer to an invoice when it is finalised. */
export interface BillingIdentity {
  name: string;
  email: string;
  address: { line1?: string | undefined; city?: string | undefined; postalCode?: string | undefined; country: string };
}

/** Who buys, and for whom the bill is. */
export interface Payer {
  /** The account of a member; the order of a guest, whose account is not proven to be theirs. */
  buyer: string;
  accountId: string;
  identity: BillingIdentity;
}

/** The base key of a customer: its buyer, and a hash of its billing identity. */
export function customerKeyOf({ buyer, identity }: Pick<Payer, 'buyer' | 'identity'>): string {
  const hash = createHash('sha256').update(canonicalJson(identity)).digest('hex').slice(0, 32);
  return `${buyer}:customer:${hash}`;
}

/**
 * The Stripe customer of a buyer and a billing identity, created once and never updated by an order: the renewals of an earlier
 * order keep the name and the address under which it was bought, and no buyer pays by the card of another. One that was
 * deleted at Stripe is created anew.
 */
export async function ensureCustomer(stripe: Stripe, intents: CreateIntents, payer: Payer): Promise<Stripe.Customer> {
  const { accountId, identity } = payer;
  const baseKey = customerKeyOf(payer);
  const { name, email, address } = identity;
  const parameters: Stripe.CustomerCreateParams = {
    email,
    name,
    address: {
      country: address.country,
      ...(address.line1 ? { line1: address.line1 } : {}),
      ...(address.city ? { city: address.city } : {}),
      ...(address.postalCode ? { postal_code: address.postalCode } : {}),
    },
    metadata: { freehold_key: baseKey, freehold_account: accountId },
  };
  return createOnce<Stripe.Customer>({
    intents,
    baseKey,
    parameters,
    create: (idempotencyKey) => call('customer', stripe.customers.create(parameters, { idempotencyKey })),
    fetch: async (id) => {
      try {
        const customer = await stripe.customers.retrieve(id);
        return customer.deleted ? undefined : customer;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    find: async () => {
      for await (const customer of stripe.customers.list({ email, limit: 100 })) {
        if (customer.metadata.freehold_key === baseKey) return customer;
      }
      return undefined;
    },
  });
}

/** Sets the address to which Stripe mails the bills of a customer; one that was deleted at Stripe has none. */
export async function correctCustomer(
  stripe: Stripe,
  { customerId, email }: { customerId: string; email: string },
): Promise<void> {
  try {
    await call('customer', stripe.customers.update(customerId, { email }));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
