import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { percentOf, sum } from '../../../src/domain/billing/money.ts';
import { priceCart } from '../../../src/domain/billing/price-cart.ts';
import { checkCart, priceList } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { soldTo } from '../../support/sold-to.ts';
import { thrown } from '../thrown.ts';

const at = Date.UTC(2026, 10, 22);

/** Carts that can be bought. */
const carts = fc
  .record({
    plan: fc.constantFrom(...catalogue.plans),
    cycle: fc.constantFrom('monthly', 'yearly'),
    users: fc.nat(500),
    domains: fc.nat(50),
    brandsOf: fc.double({ min: 0, max: 1, noNaN: true }),
    support: fc.nat(1),
  })
  .map(({ plan, cycle, users, domains, brandsOf, support }) => {
    const wanted = { users, domains, brands: Math.floor(domains * brandsOf), 'extended-support': support };
    const addOns = Object.fromEntries(
      Object.entries(wanted).filter(([name]) => plan.addOns[name as keyof typeof wanted] === 'sold'),
    );
    return checkCart({ plan: plan.name, cycle, cloud: 'local', region: 'home', addOns }, catalogue);
  });

describe('the price of a cart', () => {
  test('MAKER for a month in Spain', () => {
    const cart = checkCart({ plan: 'MAKER', cycle: 'monthly', cloud: 'local', region: 'home' }, catalogue);
    expect(priceCart(cart, { catalogue, country: 'ES', at })).toEqual({
      lines: [
        {
          lookupKey: 'plan.maker.local.monthly',
          title: 'MAKER on This machine',
          quantity: 1,
          unitAmount: 2_900,
          amount: 2_900,
          tax: 609,
        },
      ],
      net: 2_900,
      tax: {
        country: 'ES',
        basisPoints: 2_100,
        name: 'VAT',
        day: new Date(at).toISOString().slice(0, 10),
        amount: 609,
      },
      total: 3_509,
      currency: 'EUR',
    });
  });

  test('BUSINESS shows what it includes at 0, without a price at Stripe', () => {
    const cart = checkCart(
      { plan: 'BUSINESS', cycle: 'yearly', cloud: 'local', region: 'home', addOns: { users: 2 } },
      catalogue,
    );
    const priced = priceCart(cart, { catalogue, country: 'US', at });
    expect(priced.lines.map((line) => [line.lookupKey, line.quantity, line.amount])).toEqual([
      ['plan.business.local.yearly', 1, 599_000],
      ['add-on.users.yearly', 2, 10_000],
      [undefined, 1, 0],
      [undefined, 10, 0],
      [undefined, 10, 0],
    ]);
    expect(priced.total).toBe(609_000);
  });

  test('an unknown country has no price', () => {
    const cart = checkCart({ plan: 'MAKER', cycle: 'monthly', cloud: 'local', region: 'home' }, catalogue);
    expect(thrown(() => priceCart(cart, { catalogue, country: 'XX', at })).code).toBe('country_unknown');
  });

  test('is the sum of its lines, and each line is what Stripe will hold under its key', () => {
    const listed = new Map(priceList(catalogue).map((price) => [price.lookupKey, price.amount]));
    fc.assert(
      fc.property(carts, fc.constantFrom(...soldTo), (cart, country) => {
        const priced = priceCart(cart, { catalogue, country, at });
        expect(priced.total).toBe(priced.net + priced.tax.amount);
        expect(priced.net).toBe(sum(priced.lines.map((line) => line.amount)));
        expect(priced.tax.amount).toBe(sum(priced.lines.map((line) => line.tax)));
        for (const line of priced.lines) {
          expect(line.amount).toBe(line.quantity * line.unitAmount);
          expect(line.tax).toBe(percentOf(line.amount, priced.tax.basisPoints));
          expect(line.quantity).toBeGreaterThan(0);
          expect(line.unitAmount).toBe(line.lookupKey ? listed.get(line.lookupKey) : 0);
        }
        const keys = priced.lines.flatMap((line) => line.lookupKey ?? []);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  test('never falls when something is added', () => {
    fc.assert(
      fc.property(carts, (cart) => {
        const price = (addOns: typeof cart.addOns) => priceCart({ ...cart, addOns }, { catalogue, country: 'FI', at });
        expect(price({ ...cart.addOns, users: (cart.addOns.users ?? 0) + 1 }).total).toBeGreaterThan(
          price(cart.addOns).total,
        );
      }),
    );
  });
});
