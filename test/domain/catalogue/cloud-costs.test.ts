import { expect, test } from '@jest/globals';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { allPlanCosts, planCost, soldPlanCosts } from '../../../src/domain/catalogue/cloud-costs.ts';
import { cloudCosts, exchangeRate } from '../../../src/domain/catalogue/cloud-costs-data.ts';

const all = allPlanCosts(catalogue, cloudCosts, exchangeRate);

test('a cost is the sum of its lines, and with the margin makes the price', () => {
  expect(all).toHaveLength(4 * 5);
  for (const { lines, costCents, convertedCents, margin, marginShare, price } of all) {
    expect(lines.reduce((sum, { cents }) => sum + cents, 0)).toBe(costCents);
    expect(convertedCents).toBe(Math.round(costCents / exchangeRate.rate));
    expect(convertedCents + margin).toBe(price);
    expect(marginShare).toBeCloseTo(margin / price);
  }
});

test('the smallest plan on AWS, by hand', () => {
  const maker = planCost(
    { plan: 'MAKER', cloud: 'aws', nodes: 1 },
    { catalogue, costs: cloudCosts, exchange: exchangeRate },
  );
  expect(maker.lines).toEqual([
    { title: 'machine t3.small', count: 1, cents: Math.round(0.0208 * 730 * 100) },
    { title: 'system disk 16 GiB', count: 1, cents: 128 },
    { title: 'gp3 volume 25 GiB', count: 1, cents: 200 },
    { title: 'snapshots of 25 GiB', count: 1, cents: 200 },
    { title: 'public address', count: 1, cents: 365 },
  ]);
});

test('where disks are sold in steps, the next step is paid', () => {
  const maker = planCost(
    { plan: 'MAKER', cloud: 'azure', nodes: 1 },
    { catalogue, costs: cloudCosts, exchange: exchangeRate },
  );
  expect(maker.lines).toContainEqual({ title: 'standard SSD disk 25 GiB', count: 1, cents: 32 * 7.5 });
});

test('three nodes cost three of everything and a load balancer', () => {
  const [one, three] = ([1, 3] as const).map((nodes) =>
    planCost({ plan: 'BUSINESS', cloud: 'gcp', nodes }, { catalogue, costs: cloudCosts, exchange: exchangeRate }),
  );
  expect(three!.costCents - 3 * one!.costCents - 1_825).toBeCloseTo(0, -1);
});

test('every plan that is sold pays for its server by list price', () => {
  const sold = all.filter(({ plan, nodes }) =>
    catalogue.plans.find(({ name }) => name === plan)!.topologies.some((each) => each.nodes === nodes && each.enabled),
  );
  expect(sold.length).toBeGreaterThan(0);
  expect(sold.filter(({ marginShare }) => marginShare < 0.2)).toEqual([]);
});

test('no dollar is taken for a euro', () => {
  const par = { ...exchangeRate, to: 'EUR' as 'USD' };
  expect(() => allPlanCosts(catalogue, cloudCosts, par)).toThrow('no exchange rate between EUR and USD');
});

test('what is not sold has no price: clouds and topologies that are not enabled', () => {
  const withAws = {
    ...catalogue,
    clouds: catalogue.clouds.map((cloud) => ({ ...cloud, enabled: cloud.name === 'aws' })),
  };
  const sold = soldPlanCosts(withAws, cloudCosts, exchangeRate);
  expect(sold.map(({ plan, cloud, nodes }) => `${plan} ${cloud} ${nodes}`)).toEqual([
    ...['MAKER aws 1', 'GROW aws 1', 'STARTUP aws 1', 'BUSINESS aws 1'],
  ]);
});

test('a size without a price is no guess', () => {
  const costs = { ...cloudCosts, aws: { ...cloudCosts.aws, machines: {} } };
  expect(() =>
    planCost({ plan: 'MAKER', cloud: 'aws', nodes: 1 }, { catalogue, costs, exchange: exchangeRate }),
  ).toThrow('t3.small');
});
