import type { Catalogue, PlanName } from '../../contracts/catalogue.ts';
import type { CloudName } from '../../contracts/stack.ts';

/** Clouds that send a bill. */
export type BilledCloud = Exclude<CloudName, 'local'>;

/** When and where a list price was confirmed. */
export interface Confirmation {
  /** Date, ISO 8601. */
  on: string;
  at: string;
}

/** Price of a machine, by the hour or by the month, in the currency of the list. */
export type MachinePrice = ({ perHour: number } | { perMonth: number }) & { confirmed?: Confirmation };

export interface CloudPriceList {
  /** The region whose prices these are. */
  region: string;
  currency: 'USD';
  /** As of which date the figures are known, ISO 8601. */
  asOf: string;
  /** The cloud's own price list. */
  source: string;
  machines: Readonly<Record<string, MachinePrice>>;
  /** Operating system disk that is billed separately, GiB. */
  systemGib: number;
  /** Per GiB and month; `steps` are the sizes on sale, where it is not sold by the GiB. */
  volume: { title: string; perGib: number; steps?: readonly number[] };
  /** Per GiB and month of what is stored. */
  snapshotPerGib: number;
  /** Per month of one public address in use. */
  address: number;
  /** Per month of the load balancer in front of three nodes, without traffic. */
  balancer: number;
}

export type CloudCosts = Readonly<Record<BilledCloud, CloudPriceList>>;

/** One line of what a server costs. */
export interface CostLine {
  title: string;
  count: number;
  /** Total per month, cents of the list's currency. */
  cents: number;
}

export interface PlanCost {
  plan: PlanName;
  cloud: BilledCloud;
  nodes: 1 | 3;
  size: string;
  lines: CostLine[];
  /** Cents of the list's currency per month. */
  costCents: number;
  /** The same in the currency of the price, minor units. */
  convertedCents: number;
  /** Net price per month that customers pay, minor units. */
  price: number;
  /** Price minus cost, minor units; and as a share of the price. */
  margin: number;
  marginShare: number;
  /** Where and when a second source confirmed the price of its machine; null if none did. */
  confirmed: Confirmation | null;
}

/** Hours in a month, as clouds bill them. */
export const hoursPerMonth = 730;

/** What one unit of the catalogue's currency was worth in the currency of a price list. */
export interface ExchangeRate {
  from: 'EUR';
  to: CloudPriceList['currency'];
  rate: number;
  /** Day of the rate, ISO 8601, and where it is published. */
  asOf: string;
  source: string;
}

/** Snapshots are incremental: one full snapshot, then daily changes of a tenth, kept for a week. */
export const snapshotShare = 1 + 6 * 0.1;

/**
 * What a plan costs us at a cloud per month, as an estimate from list prices: machines with their system disks, data
 * volumes, daily snapshots, addresses, and the load balancer of three nodes. Without traffic, DNS, taxes and payment
 * fees.
 */
export function planCost(
  { plan, cloud, nodes }: { plan: PlanName; cloud: BilledCloud; nodes: 1 | 3 },
  { catalogue, costs, exchange }: { catalogue: Catalogue; costs: CloudCosts; exchange: ExchangeRate },
): PlanCost {
  const list = costs[cloud];
  const sold = catalogue.plans.find(({ name }) => name === plan)!;
  const size = catalogue.clouds.find(({ name }) => name === cloud)!.sizes[plan];
  const machine = list.machines[size];
  if (!machine) throw new RangeError(`no list price for ${size} on ${cloud}`);

  const line = (title: string, count: number, each: number): CostLine => ({
    ...{ title, count, cents: Math.round(count * each * 100) },
  });
  const disk = (gib: number) => (list.volume.steps?.find((step) => step >= gib) ?? gib) * list.volume.perGib;
  const lines = [
    line(`machine ${size}`, nodes, 'perHour' in machine ? machine.perHour * hoursPerMonth : machine.perMonth),
    ...(list.systemGib > 0 ? [line(`system disk ${list.systemGib} GiB`, nodes, disk(list.systemGib))] : []),
    line(`${list.volume.title} ${sold.diskGib} GiB`, nodes, disk(sold.diskGib)),
    line(`snapshots of ${sold.diskGib} GiB`, nodes, sold.diskGib * snapshotShare * list.snapshotPerGib),
    line('public address', nodes, list.address),
    ...(nodes === 3 ? [line('load balancer', 1, list.balancer)] : []),
  ];
  const costCents = lines.reduce((sum, { cents }) => sum + cents, 0);
  const price = sold.prices[cloud].monthly;
  if (exchange.from !== catalogue.currency || exchange.to !== list.currency) {
    throw new RangeError(`no exchange rate between ${catalogue.currency} and ${list.currency}`);
  }
  const convertedCents = Math.round(costCents / exchange.rate);
  const margin = price - convertedCents;
  return {
    ...{ plan, cloud, nodes, size, lines, costCents, convertedCents, price, margin, marginShare: margin / price },
    confirmed: machine.confirmed ?? null,
  };
}

/** Every plan in every topology on every billed cloud, enabled or not. */
export function allPlanCosts(catalogue: Catalogue, costs: CloudCosts, exchange: ExchangeRate): PlanCost[] {
  return (Object.keys(costs) as BilledCloud[]).flatMap((cloud) =>
    catalogue.plans.flatMap(({ name: plan, topologies }) =>
      topologies.map(({ nodes }) => planCost({ plan, cloud, nodes }, { catalogue, costs, exchange })),
    ),
  );
}

/** Of these the ones that this installation sells: on a cloud and in a topology that are enabled. */
export function soldPlanCosts(catalogue: Catalogue, costs: CloudCosts, exchange: ExchangeRate): PlanCost[] {
  return allPlanCosts(catalogue, costs, exchange).filter(({ plan, cloud, nodes }) => {
    const topologies = catalogue.plans.find(({ name }) => name === plan)?.topologies ?? [];
    const isSoldThere = catalogue.clouds.some(({ name, enabled }) => name === cloud && enabled);
    return isSoldThere && topologies.some((each) => each.nodes === nodes && each.enabled);
  });
}
