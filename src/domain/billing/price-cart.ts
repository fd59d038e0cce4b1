import type { Catalogue } from '../../contracts/catalogue.ts';
import {
  addOnLookupKey,
  type CheckedCart,
  includedQuantity,
  planLookupKey,
  planTitle,
} from '../catalogue/catalogue.ts';
import { percentOf, sum } from './money.ts';
import { type Tax, taxFor } from './tax.ts';

/** One line of a price; amounts are net, in minor units. */
export interface PricedLine {
  /** Lookup key of its price at Stripe; absent for what the plan includes, which has no item at Stripe. */
  lookupKey?: string;
  title: string;
  quantity: number;
  unitAmount: number;
  amount: number;
  /** Tax on `amount`. */
  tax: number;
}

/** What a cart costs for one period: `net + tax.amount = total`; the sums are those of the lines. */
export interface PricedCart {
  lines: PricedLine[];
  net: number;
  tax: Tax & { amount: number };
  total: number;
  currency: 'EUR';
}

/**
 * Prices a cart for a buyer: a line for the plan, one per bought add-on in the catalogue's order, then the included
 * ones at 0. Tax is rounded per line (see `percentOf`).
 *
 * @param at ms since the epoch; decides the tax rate
 * @throws ReasonError `country_unknown`
 */
export function priceCart(
  cart: CheckedCart,
  { catalogue, country, at }: { catalogue: Catalogue; country: string; at: number },
): PricedCart {
  const tax = taxFor({ country, at });
  const line = (item: Pick<PricedLine, 'lookupKey' | 'title' | 'quantity' | 'unitAmount'>): PricedLine => {
    const amount = item.unitAmount * item.quantity;
    return { ...item, amount, tax: percentOf(amount, tax.basisPoints) };
  };
  const lines = [
    line({
      lookupKey: planLookupKey(cart.plan.name, cart.cloud.name, cart.cycle),
      title: planTitle(cart.plan, cart.cloud),
      quantity: 1,
      unitAmount: cart.plan.prices[cart.cloud.name][cart.cycle],
    }),
  ];
  for (const addOn of catalogue.addOns) {
    const quantity = cart.addOns[addOn.name];
    if (!quantity) continue;
    const lookupKey = addOnLookupKey(addOn.name, cart.cycle);
    lines.push(line({ lookupKey, title: addOn.title, quantity, unitAmount: addOn.price[cart.cycle] }));
  }
  for (const addOn of catalogue.addOns) {
    const quantity = includedQuantity(cart.plan, addOn.name);
    if (quantity > 0) lines.push(line({ title: `${addOn.title} (included)`, quantity, unitAmount: 0 }));
  }
  const net = sum(lines.map((each) => each.amount));
  const taxAmount = sum(lines.map((each) => each.tax));
  return { lines, net, tax: { ...tax, amount: taxAmount }, total: net + taxAmount, currency: catalogue.currency };
}
