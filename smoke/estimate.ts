import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import { type BilledCloud, hoursPerMonth, planCost } from '../src/domain/catalogue/cloud-costs.ts';
import { cloudCosts } from '../src/domain/catalogue/cloud-costs-data.ts';

export const plan = 'MAKER';

/** What a run is expected to cost at most, by the price lists. */
export interface Estimate {
  cents: number;
  currency: string;
  /** Hours that are counted: clouds bill begun ones. */
  hours: number;
  /** As of which date the prices are known. */
  asOf: string;
}

/** How much longer than its limit a run may stand while it is destroyed, minutes. */
const destroyMinutes = 15;
/** How much dearer than the region of the list the dearest one is. */
const elsewhere = 1.5;

/**
 * What the smallest plan costs at a cloud for a run of `minutes` and its destroy: its monthly list price by begun hours,
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
  const { costCents } = planCost({ plan, cloud, nodes: 1 }, { catalogue, costs: cloudCosts });
  const hours = Math.ceil((minutes + destroyMinutes) / 60);
  const factor = list.region === 'any' || list.region === region ? 1 : elsewhere;
  const cents = Math.ceil((costCents * hours * factor) / hoursPerMonth);
  return { cents, hours, currency: list.currency, asOf: list.asOf };
}

/** The region of a run where none is named: that whose prices the list has, so that the estimate is of the right place. */
export function usualRegion(cloud: BilledCloud): string {
  const { regions } = catalogue.clouds.find(({ name }) => name === cloud)!;
  return (regions.find(({ name }) => name === cloudCosts[cloud].region) ?? regions[0]!).name;
}
