import type Stripe from 'stripe';
import type { ListedPrice } from '../domain/catalogue/catalogue.ts';
import { toReason } from './errors.ts';

/**
 * Synchronises the catalogue's prices to Stripe: creates missing products and prices; a changed amount becomes a new
 * price that takes over the lookup key (the old one stays for existing subscriptions). Safe to run from several
 * processes at once; returns the number of prices created.
 */
export async function syncCatalogue(stripe: Stripe, prices: readonly ListedPrice[]): Promise<number> {
  try {
    const existing = new Map<string, Stripe.Price>();
    for await (const price of stripe.prices.list({ active: true, limit: 100 })) {
      if (price.lookup_key) existing.set(price.lookup_key, price);
    }
    const products = new Set<string>();
    for await (const product of stripe.products.list({ limit: 100 })) products.add(product.id);

    const wanted = prices.filter((price) => {
      const current = existing.get(price.lookupKey);
      return current?.unit_amount !== price.amount || current.recurring?.interval !== price.interval;
    });
    for (const { product, title } of wanted) {
      if (products.has(product)) continue;
      await stripe.products.create({ id: product, name: title }, { idempotencyKey: `product:${product}` });
      products.add(product);
    }
    for (const price of wanted) {
      const replaces = existing.get(price.lookupKey)?.id ?? 'none';
      await stripe.prices.create(
        {
          product: price.product,
          currency: price.currency.toLowerCase(),
          unit_amount: price.amount,
          recurring: { interval: price.interval },
          tax_behavior: 'exclusive',
          lookup_key: price.lookupKey,
          transfer_lookup_key: true,
          nickname: price.title,
          // Stays when the lookup key goes to a newer price.
          metadata: { freehold_lookup_key: price.lookupKey },
        },
        { idempotencyKey: `price:${price.lookupKey}:${price.amount}:${price.interval}:after-${replaces}` },
      );
    }
    return wanted.length;
  } catch (error) {
    throw toReason(error);
  }
}
