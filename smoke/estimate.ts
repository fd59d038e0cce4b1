import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import { type BilledCloud, hoursPerMonth, planCost } from '../src/domain/catalogue/cloud-costs.ts';
import { cloudCosts, exchangeRate } from '../src/domain/catalogue/cloud-costs-data.ts';

export const plan = 'MAKER';

/** The maximum expected cost of a run, by the price lists. */
export interface Estimate {
  cents: number;
  currency: string;
  /** Counted hours: clouds bill started hours. */
  hours: number;
  /** Date of the price list. */
  asOf: string;
}

/** How much longer than its limit a run may exist while it is destroyed, minutes. */
const destroyMinutes = 15;
/** Factor for the dearest region, relative to the region of the list. */
const elsewhere = 1.5;

/**
 * Cost of the smallest plan at a cloud for a run of `minutes` and its destroy: its monthly list price by started hours,
 * rounded up to a cent.
 */
export function estimateRun({
  cloud,
  region,
  minutes,
}: {
  cloud: BilledCloud;
  region: string;
  minutes: number;
}): Estimate {
  const list = cloudCosts[cloud];
  const { costCents } = planCost({ plan, cloud, nodes: 1 }, { catalogue, costs: cloudCosts, exchange: exchangeRate });
  const hours = Math.ceil((minutes + destroyMinutes) / 60);
  const factor = list.region === 'any' || list.region === region ? 1 : elsewhere;
  const cents = Math.ceil((costCents * hours * factor) / hoursPerMonth);
  return { cents, hours, currency: list.currency, asOf: list.asOf };
}

/** The default region of a run: the one that the price list is for, so that the estimate fits. */
export function defaultRegion(cloud: BilledCloud): string {
  const { regions } = catalogue.clouds.find(({ name }) => name === cloud)!;
  return (regions.find(({ name }) => name === cloudCosts[cloud].region) ?? regions[0]!).name;
}
