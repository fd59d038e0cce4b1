import type Stripe from 'stripe';
import { ReasonError } from '../contracts/reasons.ts';
import { call } from './client.ts';
import { isMissing, toReason } from './errors.ts';

/** A price as a quote has fixed it. */
export interface QuotedPrice {
  lookupKey: string;
  /** Id and name of its product at Stripe. */
  product: string;
  title: string;
  /** Net, minor units. */
  unitAmount: number;
  currency: string;
  interval: 'month' | 'year';
}

/**
 * Ids at Stripe: prices by lookup key and amount, tax rates by country and rate. Cached, because neither ever changes
 * its meaning; `forget` drops what Stripe has refused.
 */
export function createPriceBook(stripe: Stripe) {
  const prices = new Map<string, string>();
  const taxRates = new Map<string, string>();

  /** Looks for the prices that hold their lookup key now; one of another amount belongs to another catalogue. */
  async function findCurrent(wanted: readonly QuotedPrice[]): Promise<void> {
    for (let from = 0; from < wanted.length; from += 10) {
      const some = wanted.slice(from, from + 10);
      const lookup_keys = some.map(({ lookupKey }) => lookupKey);
      const page = await stripe.prices.list({ lookup_keys, active: true, limit: 10 });
      for (const quoted of some) {
        const found = page.data.find((price) => price.lookup_key === quoted.lookupKey && isOf(price, quoted));
        if (found) prices.set(keyOf(quoted), found.id);
      }
    }
  }

  /** A price of an earlier or a later catalogue; made where Stripe never had it. */
  async function findOther(quoted: QuotedPrice): Promise<string> {
    let outOfUse: string | undefined;
    for await (const price of stripe.prices.list({ product: quoted.product, limit: 100 })) {
      if (price.metadata.freehold_lookup_key !== quoted.lookupKey || !isOf(price, quoted)) continue;
      if (price.active) return price.id;
      outOfUse = price.id;
    }
    if (outOfUse) throw new ReasonError('payment_request_refused', `price ${outOfUse} is out of use at Stripe`);
    await ensureProduct(quoted);
    const { lookupKey, product, title, unitAmount, currency, interval } = quoted;
    const made = await stripe.prices.create(
      {
        ...{ product, currency: currency.toLowerCase(), unit_amount: unitAmount, recurring: { interval } },
        tax_behavior: 'exclusive',
        nickname: title,
        metadata: { freehold_lookup_key: lookupKey },
      },
      { idempotencyKey: `price:${keyOf(quoted)}:${interval}:quoted` },
    );
    return made.id;
  }

  async function ensureProduct({ product, title }: QuotedPrice): Promise<void> {
    try {
      await stripe.products.retrieve(product);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const parameters = { id: product, name: title };
      await call('product', stripe.products.create(parameters, { idempotencyKey: `product:${product}` }));
    }
  }

  return {
    /**
     * The ids of the prices that a quote has fixed, by lookup key, whatever the catalogue says by now. Throws
     * `payment_request_refused` where a price was put out of use at Stripe.
     */
    async pricesOf(quoted: readonly QuotedPrice[]): Promise<Map<string, string>> {
      const isUnknown = (price: QuotedPrice) => !prices.has(keyOf(price));
      try {
        await findCurrent(quoted.filter(isUnknown));
        for (const price of quoted.filter(isUnknown)) prices.set(keyOf(price), await findOther(price));
      } catch (error) {
        throw toReason(error);
      }
      return new Map(quoted.map((price) => [price.lookupKey, prices.get(keyOf(price)) as string]));
    },

    /** Drops every id: one of them may have been put out of use since it was read. */
    forget(): void {
      prices.clear();
      taxRates.clear();
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

function keyOf({ lookupKey, unitAmount }: QuotedPrice): string {
  return `${lookupKey}:${unitAmount}`;
}

function isOf(price: Stripe.Price, { unitAmount, currency, interval }: QuotedPrice): boolean {
  return (
    price.unit_amount === unitAmount &&
    price.currency === currency.toLowerCase() &&
    price.recurring?.interval === interval
  );
}
