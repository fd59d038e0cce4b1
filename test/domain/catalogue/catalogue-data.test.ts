import { describe, expect, test } from '@jest/globals';
import { Catalogue } from '../../../src/contracts/catalogue.ts';
import { priceList } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { soldTo } from '../../support/sold-to.ts';

describe('the catalogue', () => {
  test('fits its schema', () => {
    expect(Catalogue.parse(catalogue)).toEqual(catalogue);
  });

  test('sells the four plans, from the smallest to the largest', () => {
    expect(catalogue.plans.map((plan) => plan.name)).toEqual(['MAKER', 'GROW', 'STARTUP', 'BUSINESS']);
    expect(catalogue.plans.map((plan) => plan.limits.plugins)).toEqual([1, 3, 6, null]);
    for (const plan of catalogue.plans) {
      expect(plan.limits).toMatchObject({ devices: null, assets: null, dashboards: null, buckets: null, tokens: null });
      expect(plan.limits.users).toBe(1);
    }
  });

  test('recommends plans for numbers of accounts without a gap', () => {
    for (const [index, plan] of catalogue.plans.entries()) {
      const next = catalogue.plans[index + 1];
      expect(plan.accounts.to).toBe(next ? next.accounts.from - 1 : null);
    }
  });

  test('enables only the local cloud', () => {
    expect(catalogue.clouds.map((cloud) => `${cloud.label} ${cloud.enabled}`)).toEqual([
      'do false',
      'aws false',
      'gcp false',
      'azure false',
      'local true',
    ]);
  });

  test('names everything once and every region in a known country', () => {
    const unique = (names: string[]) => expect(new Set(names).size).toBe(names.length);
    unique(catalogue.plans.map((plan) => plan.name));
    unique(catalogue.addOns.map((addOn) => addOn.name));
    unique(catalogue.clouds.map((cloud) => cloud.label));
    for (const cloud of catalogue.clouds) {
      unique(cloud.regions.map((region) => region.name));
      unique(Object.values(cloud.sizes));
      for (const region of cloud.regions) {
        unique(region.zones);
        expect(soldTo).toContain(region.country);
      }
    }
  });

  test('gives a year for the price of ten months', () => {
    const list = priceList(catalogue);
    for (const yearly of list.filter((price) => price.interval === 'year')) {
      const monthly = list.find((price) => price.product === yearly.product && price.interval === 'month');
      expect(yearly.amount).toBe(monthly!.amount * 10);
      expect(monthly!.amount).toBeGreaterThan(0);
    }
  });
});
