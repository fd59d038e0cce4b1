import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '../../../src/contracts/catalogue.ts';
import { type Cart, checkCart, includedQuantity, priceList } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { thrown } from '../thrown.ts';

const cart: Cart = { plan: 'GROW', cycle: 'monthly', cloud: 'local', region: 'home' };
const check = (change: Partial<Cart> = {}) => checkCart({ ...cart, ...change }, catalogue);
const refused = (change: Partial<Cart>) => thrown(() => check(change));

describe('checking a cart', () => {
  test('finds plan, cloud, region, size and disk', () => {
    const checked = check({ addOns: { users: 4, domains: 2, brands: 2, 'extended-support': 1 } });
    expect(checked).toMatchObject({
      plan: { name: 'GROW' },
      cycle: 'monthly',
      cloud: { name: 'local' },
      region: { name: 'home' },
      size: 'local-2',
      zones: ['home-a'],
      addOns: { users: 4, domains: 2, brands: 2, 'extended-support': 1 },
    });
    expect(checked.diskGib).toBe(checked.plan.diskGib);
  });

  test("takes the region's first zone unless another is named", () => {
    expect(check().zones).toEqual(['home-a']);
    expect(check({ zone: 'home-c' }).zones).toEqual(['home-c']);
  });

  test.each([
    ['plan_unknown', { plan: 'HUGE' }],
    ['cycle_unknown', { cycle: 'weekly' }],
    ['cloud_unknown', { cloud: 'moon' }],
    ['cloud_not_enabled', { cloud: 'aws', region: 'eu-west-1' }],
    ['region_unknown', { region: 'cellar' }],
    ['region_unknown', { region: 'eu-west-1' }],
    ['zone_unknown', { zone: 'z' }],
    ['size_unavailable', { plan: 'BUSINESS', region: 'attic' }],
    ['topology_not_enabled', { plan: 'BUSINESS', nodes: 3 }],
    ['topology_not_enabled', { nodes: 3 }],
    ['topology_not_enabled', { nodes: 2 }],
    ['add_on_unknown', { addOns: { unicorns: 1 } }],
    ['add_on_unknown', { addOns: { constructor: 1 } }],
    ['quantity_out_of_range', { addOns: { users: -1 } }],
    ['quantity_out_of_range', { addOns: { users: 1.5 } }],
    ['quantity_out_of_range', { addOns: { users: 501 } }],
    ['quantity_out_of_range', { addOns: { users: Number.NaN } }],
    ['quantity_out_of_range', { addOns: { 'extended-support': 2 } }],
    ['quantity_out_of_range', { plan: 'BUSINESS', addOns: { domains: 11 } }],
    ['brand_needs_domain', { addOns: { brands: 1 } }],
    ['brand_needs_domain', { addOns: { brands: 3, domains: 2 } }],
  ] as const)('refuses with %s: %j', (code, change) => {
    expect(refused(change as Partial<Cart>).code).toBe(code);
  });

  test.each(['users', 'extended-support', 'domains', 'brands'])('MAKER has no %s, and GROW is named', (name) => {
    const error = refused({ plan: 'MAKER', addOns: { [name]: 1 } });
    expect(error.code).toBe('add_on_not_allowed');
    expect(error.detail).toContain('GROW');
  });

  test('every plan fits its sold add-ons, alone and at their maximum', () => {
    for (const plan of catalogue.plans) {
      const addOns = Object.fromEntries(
        catalogue.addOns.filter((each) => plan.addOns[each.name] === 'sold').map((each) => [each.name, each.maximum]),
      );
      expect(check({ plan: plan.name, addOns }).addOns).toEqual(addOns);
    }
  });

  test('a quantity of 0 is no add-on, even where the plan excludes it', () => {
    expect(check({ plan: 'MAKER', addOns: { users: 0 } }).addOns).toEqual({});
  });

  test('what BUSINESS includes may be named, but is not bought', () => {
    const checked = check({ plan: 'BUSINESS', addOns: { domains: 10, brands: 3, 'extended-support': 1, users: 2 } });
    expect(checked.addOns).toEqual({ users: 2 });
    expect(includedQuantity(checked.plan, 'domains')).toBe(10);
    expect(includedQuantity(checked.plan, 'extended-support')).toBe(1);
    expect(includedQuantity(checked.plan, 'users')).toBe(0);
  });
});

describe('a cluster', () => {
  const cluster = { plan: 'BUSINESS', nodes: 3 };
  const sold: Catalogue = {
    ...catalogue,
    plans: catalogue.plans.map((plan) => ({
      ...plan,
      topologies: plan.topologies.map((topology) => ({ ...topology, enabled: true })),
    })),
    clouds: catalogue.clouds.map((cloud) => ({ ...cloud, enabled: true })),
  };
  const checkCluster = (change: Partial<Cart>, of = sold) => checkCart({ ...cart, ...cluster, ...change }, of);

  test('lies in three zones of its region, the named one first, and has the features of a cluster', () => {
    expect(checkCluster({}).zones).toEqual(['home-a', 'home-b', 'home-c']);
    expect(checkCluster({ zone: 'home-b' }).zones).toEqual(['home-b', 'home-a', 'home-c']);
    expect(checkCluster({ cloud: 'aws', region: 'us-east-1', zone: 'us-east-1f' }).zones).toEqual([
      'us-east-1f',
      'us-east-1a',
      'us-east-1b',
    ]);
    expect(checkCluster({}).features).toMatchObject({ cluster: true, highAvailability: true });
    expect(checkCluster({ nodes: 1 }).features).toMatchObject({ cluster: false, highAvailability: false });
  });

  test('lies in one data centre on a cloud without zones', () => {
    expect(checkCluster({ cloud: 'digitalocean', region: 'fra1' }).zones).toEqual(['fra1', 'fra1', 'fra1']);
  });

  test('is refused in a region that has too few zones', () => {
    const clouds = sold.clouds.map((cloud) => ({
      ...cloud,
      regions: cloud.regions.map((region) => ({ ...region, zones: region.zones.slice(0, 2) })),
    }));
    expect(thrown(() => checkCluster({}, { ...sold, clouds })).code).toBe('topology_not_enabled');
  });
});

describe('the list of prices', () => {
  const list = priceList(catalogue);

  test('has each lookup key once: every plan on every cloud, and every add-on, in both cycles', () => {
    expect(new Set(list.map((price) => price.lookupKey)).size).toBe(list.length);
    expect(list).toHaveLength((4 * 5 + 4) * 2);
    expect(list.map((price) => price.lookupKey)).toEqual(
      expect.arrayContaining([
        'plan.maker.local.monthly',
        'plan.business.aws.yearly',
        'add-on.extended-support.yearly',
      ]),
    );
  });

  test('one product has one title, and its prices differ in the interval', () => {
    for (const price of list) {
      const same = list.filter((other) => other.product === price.product);
      expect(new Set(same.map((other) => other.title)).size).toBe(1);
      expect(same.map((other) => other.interval).sort()).toEqual(['month', 'year']);
    }
  });
});
