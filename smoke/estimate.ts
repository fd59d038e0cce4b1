import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import { type BilledCloud, hoursPerMonth, planCost } from '../src/domain/catalogue/cloud-costs.ts';
import { cloudCosts } from '../src/domain/catalogue/cloud-costs-data.ts';

export const plan = 'MAKER';

/** The maximum expected cost of a run by the price lists. */
export interface Estimate {
  cents: number;
  currency: string;
  /** Billed hours: clouds bill started hours in full. */
  hours: number;
  /** Date of the prices. */
  asOf: string;
}

/** Extra time after a run's limit for the destroy, minutes. */
const destroyMinutes = 15;
/** Price factor of the most expensive region relative to the list's region. */
const elsewhere = 1.5;

/**
 * The cost of the smallest plan at a cloud for a run of `minutes` and its destroy: the monthly list price per started
 * hour, rounded up to a cent.
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

/** The default region of a run: the one whose prices the list has, so that the estimate applies. */
export function usualRegion(cloud: BilledCloud): string {
  const { regions } = catalogue.clouds.find(({ name }) => name === cloud)!;
  return (regions.find(({ name }) => name === cloudCosts[cloud].region) ?? regions[0]!).name;
}
