import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Features, Limits } from '../../../src/contracts/catalogue.ts';
import { findPlan } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { entitlementsOf } from '../../../src/domain/catalogue/entitlements.ts';

const of = (plan: string, addOns = {}, nodes: 1 | 3 = 1) =>
  entitlementsOf({ plan: findPlan(plan, catalogue), addOns, nodes });

describe('what a licence allows', () => {
  test('MAKER: one user, one plugin, nothing of one’s own', () => {
    expect(of('MAKER')).toEqual({
      limits: {
        devices: null,
        assets: null,
        dashboards: null,
        buckets: null,
        tokens: null,
        plugins: 1,
        users: 1,
        domains: 0,
        brands: 0,
      },
      features: { extendedSupport: false, cluster: false, highAvailability: false },
    });
  });

  test('GROW: what was bought is added', () => {
    const { limits, features } = of('GROW', { users: 4, domains: 2, brands: 1, 'extended-support': 1 });
    expect(limits).toMatchObject({ plugins: 3, users: 5, domains: 2, brands: 1 });
    expect(features.extendedSupport).toBe(true);
  });

  test('BUSINESS: domains, brands and support are there without buying', () => {
    const { limits, features } = of('BUSINESS', { users: 9 });
    expect(limits).toMatchObject({ plugins: null, users: 10, domains: 10, brands: 10 });
    expect(features.extendedSupport).toBe(true);
  });

  test('a cluster is one only on three nodes', () => {
    expect(of('BUSINESS').features).toMatchObject({ cluster: false, highAvailability: false });
    expect(of('BUSINESS', {}, 3).features).toMatchObject({ cluster: true, highAvailability: true });
    expect(of('STARTUP', {}, 3).features).toMatchObject({ cluster: false, highAvailability: false });
  });

  test('every combination fits the contract and never falls below the plan', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...catalogue.plans),
        fc.record({ users: fc.nat(500), domains: fc.nat(50), brands: fc.nat(50), 'extended-support': fc.nat(1) }),
        (plan, addOns) => {
          const { limits, features } = entitlementsOf({ plan, addOns, nodes: 1 });
          expect(Limits.parse(limits)).toEqual(limits);
          expect(Features.parse(features)).toEqual(features);
          for (const name of Object.keys(limits) as (keyof Limits)[]) {
            expect(limits[name] ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
              plan.limits[name] ?? Number.POSITIVE_INFINITY,
            );
          }
        },
      ),
    );
  });
});
