import type Stripe from 'stripe';
import { ReasonError } from '../contracts/reasons.ts';
import { toReason } from './errors.ts';

/**
 * Ids at Stripe: prices by lookup key, tax rates by country and rate. Cached for the life of the process, because a
 * synchronised price or rate never changes its meaning.
 */
export function createPriceBook(stripe: Stripe) {
  const prices = new Map<string, string>();
  const taxRates = new Map<string, string>();

  return {
    /** Price ids for these lookup keys; throws `payment_request_refused` when the catalogue was not synchronised. */
    async pricesOf(lookupKeys: readonly string[]): Promise<Map<string, string>> {
      const unknown = lookupKeys.filter((key) => !prices.has(key));
      try {
        for (let from = 0; from < unknown.length; from += 10) {
          const page = await stripe.prices.list({
            lookup_keys: unknown.slice(from, from + 10),
            active: true,
            limit: 10,
          });
          for (const price of page.data) if (price.lookup_key) prices.set(price.lookup_key, price.id);
        }
      } catch (error) {
        throw toReason(error);
      }
      const found = new Map<string, string>();
      for (const key of lookupKeys) {
        const id = prices.get(key);
        if (!id) throw new ReasonError('payment_request_refused', `Stripe has no active price with lookup key ${key}`);
        found.set(key, id);
      }
      return found;
    },

    /** The exclusive VAT rate of a country, created if Stripe does not have it yet. */
    async taxRateOf(tax: { country: string; basisPoints: number; name: string }): Promise<string> {
      const key = `${tax.country}:${tax.basisPoints}`;
      const known = taxRates.get(key);
      if (known) return known;
      try {
        for await (const rate of stripe.taxRates.list({ active: true, limit: 100 })) {
          const rateKey = rate.metadata?.freehold_key;
          if (rateKey) taxRates.set(rateKey, rate.id);
        }
        const found = taxRates.get(key);
        if (found) return found;
        const made = await stripe.taxRates.create(
          {
            display_name: tax.name,
            percentage: tax.basisPoints / 100,
            inclusive: false,
            country: tax.country,
            tax_type: 'vat',
            metadata: { freehold_key: key },
          },
          { idempotencyKey: `tax-rate:${key}` },
        );
        taxRates.set(key, made.id);
        return made.id;
      } catch (error) {
        throw toReason(error);
      }
    },
  };
}

export type PriceBook = ReturnType<typeof createPriceBook>;
