import type {
  AddOn,
  AddOnName,
  Catalogue,
  Cloud,
  Cycle,
  Features,
  Limits,
  Plan,
  PlanName,
  Region,
} from '../../contracts/catalogue.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { collectFields, type FieldCollector } from './collect-fields.ts';
import { entitlementsOf } from './entitlements.ts';

/** A cart as requested; none of its names has been checked yet. */
export interface Cart {
  plan: string;
  cycle: string;
  cloud: string;
  region: string;
  /** Zone of the first node; the region's first zone when absent. */
  zone?: string | undefined;
  /** 1 when absent. */
  nodes?: number | undefined;
  /** Quantity by name; 0 is the same as absent. */
  addOns?: Readonly<Record<string, number>> | undefined;
}

/** A cart whose parts all exist, are sold here and fit together. */
export interface CheckedCart {
  plan: Plan;
  cycle: Cycle;
  cloud: Cloud;
  region: Region;
  /** The zone of each node. */
  zones: string[];
  /** Machine size as the cloud names it. */
  size: string;
  diskGib: number;
  /** Add-ons that are bought; never those that the plan includes. */
  addOns: Partial<Record<AddOnName, number>>;
  /** What plan and add-ons allow together. */
  limits: Limits;
  features: Features;
}

/** The plan of this name; throws `plan_unknown`. */
export function findPlan(name: string, catalogue: Catalogue): Plan {
  const plan = catalogue.plans.find((each) => each.name === name);
  if (!plan) throw new ReasonError('plan_unknown', `the plans are ${names(catalogue.plans)}`);
  return plan;
}

/** The cloud of this name, enabled or not; throws `cloud_unknown`. */
export function findCloud(name: string, catalogue: Catalogue): Cloud {
  const cloud = catalogue.clouds.find((each) => each.name === name);
  if (!cloud) throw new ReasonError('cloud_unknown', `the clouds are ${names(catalogue.clouds)}`);
  return cloud;
}

/** The region of this name on this cloud; throws `region_unknown`. */
export function findRegion(name: string, cloud: Cloud): Region {
  const region = cloud.regions.find((each) => each.name === name);
  if (!region) throw new ReasonError('region_unknown', `the regions of ${cloud.title} are ${names(cloud.regions)}`);
  return region;
}

/** The add-on of this name; throws `add_on_unknown`. */
function findAddOn(name: string, catalogue: Catalogue): AddOn {
  const addOn = catalogue.addOns.find((each) => each.name === name);
  if (!addOn) throw new ReasonError('add_on_unknown', `the add-ons are ${names(catalogue.addOns)}`);
  return addOn;
}

/** How much of an add-on the plan includes for free; 0 where it is sold or excluded. */
export function includedQuantity(plan: Plan, addOn: AddOnName): number {
  if (plan.addOns[addOn] !== 'included') return 0;
  if (addOn === 'extended-support') return plan.features.extendedSupport ? 1 : 0;
  return plan.limits[addOn] ?? 0;
}

/**
 * Resolves everything that a cart names and checks that it is sold here and fits together. `fields` collects what is
 * refused, all of it at once; with refused fields the result is undefined.
 *
 * An add-on that the plan includes may be named up to the included number; it is not bought and not in the result.
 * Reasons, in this order: `plan_unknown`, `cycle_unknown`, `cloud_unknown`, `cloud_not_enabled`, `region_unknown`,
 * `zone_unknown`, `size_unavailable`, `topology_not_enabled`, `add_on_unknown`, `add_on_not_allowed`,
 * `quantity_out_of_range`, `brand_needs_domain`.
 */
export function readCart(cart: Cart, catalogue: Catalogue, fields: FieldCollector): CheckedCart | undefined {
  const plan = fields.check('plan', () => findPlan(cart.plan, catalogue));
  const cycle = fields.check('cycle', () => checkCycle(cart.cycle));
  const cloud = fields.check('cloud', () => findSoldCloud(cart.cloud, catalogue));
  const region = cloud && fields.check('region', () => findRegion(cart.region, cloud));
  const zone = region && fields.check('zone', () => checkZone(cart.zone, region));
  if (plan && cloud && region) fields.check('region', () => requireSize({ plan, cloud, region }));
  const nodes = plan && fields.check('nodes', () => checkNodes(cart.nodes ?? 1, plan));
  const zones = region && zone && nodes && fields.check('nodes', () => spreadNodes({ nodes, region, first: zone }));
  const addOns = readAddOns(cart.addOns ?? {}, { plan, catalogue, fields });
  if (!plan || !cycle || !cloud || !region || !zones || !nodes) return undefined;
  const { limits, features } = entitlementsOf({ plan, nodes, addOns });
  fields.check('addOns.brands', () => requireDomains(limits));
  const found = { plan, cycle, cloud, region, zones, addOns, limits, features };
  return { ...found, size: cloud.sizes[plan.name], diskGib: plan.diskGib };
}

/** As `readCart`; throws all refused fields. */
export function checkCart(cart: Cart, catalogue: Catalogue): CheckedCart {
  const fields = collectFields();
  const checked = readCart(cart, catalogue, fields);
  return fields.result(checked);
}

function findSoldCloud(name: string, catalogue: Catalogue): Cloud {
  const cloud = findCloud(name, catalogue);
  if (cloud.enabled) return cloud;
  const sold = catalogue.clouds.filter((each) => each.enabled);
  throw new ReasonError('cloud_not_enabled', `enabled here: ${names(sold)}`);
}

function checkZone(wanted: string | undefined, region: Region): string {
  const zone = wanted ?? region.zones[0]!;
  if (region.zones.includes(zone)) return zone;
  throw new ReasonError('zone_unknown', `the zones of ${region.name} are ${region.zones.join(', ')}`);
}

function requireSize({ plan, cloud, region }: { plan: Plan; cloud: Cloud; region: Region }): void {
  if (!region.without.includes(plan.name)) return;
  const others = cloud.regions.filter((each) => !each.without.includes(plan.name));
  throw new ReasonError('size_unavailable', `${plan.name} is available in ${names(others) || 'no region'}`);
}

/** A limit of null means unlimited. */
function requireDomains({ brands, domains }: Limits): void {
  if (brands === null || domains === null || brands <= domains) return;
  throw new ReasonError('brand_needs_domain', `each brand needs a domain: brands ${brands}, domains ${domains}`);
}

/**
 * The zone of each node: all different, in the region's order starting at `first`. A region with a single zone (a cloud
 * without zones) holds all nodes in it.
 */
function spreadNodes({ nodes, region, first }: { nodes: number; region: Region; first: string }): string[] {
  if (region.zones.length === 1) return Array<string>(nodes).fill(first);
  const zones = [first, ...region.zones.filter((zone) => zone !== first)].slice(0, nodes);
  if (zones.length === nodes) return zones;
  throw new ReasonError('topology_not_enabled', `${region.name} has no ${nodes} zones`);
}

/** Lookup key of a plan's price at Stripe; it contains no version, so a new price takes it over. */
export function planLookupKey(plan: PlanName, cloud: CloudName, cycle: Cycle): string {
  return `plan.${plan}.${cloud}.${cycle}`.toLowerCase();
}

/** Lookup key of an add-on's price at Stripe. */
export function addOnLookupKey(addOn: AddOnName, cycle: Cycle): string {
  return `add-on.${addOn}.${cycle}`;
}

/** One price as it should be at Stripe. */
export interface ListedPrice {
  lookupKey: string;
  /** Id of the Stripe product; the prices of one product differ only in their interval. */
  product: string;
  /** Name of the product, as invoices show it. */
  title: string;
  /** Net, minor units. */
  amount: number;
  currency: 'EUR';
  interval: 'month' | 'year';
}

const intervals = { monthly: 'month', yearly: 'year' } as const satisfies Record<Cycle, string>;
const cycles = ['monthly', 'yearly'] as const satisfies readonly Cycle[];

/**
 * The product at Stripe and the interval of a price, by its lookup key, also of one that is not in the catalogue any
 * more.
 */
export function soldUnder(lookupKey: string): Pick<ListedPrice, 'product' | 'interval'> {
  const parts = lookupKey.split('.');
  const cycle = parts.pop() as Cycle;
  return { product: parts.join('-'), interval: intervals[cycle] };
}

/** Every price of the catalogue, including disabled clouds, for the synchronisation with Stripe. */
export function priceList(catalogue: Catalogue): ListedPrice[] {
  const { currency } = catalogue;
  const ofPlans = catalogue.plans.flatMap((plan) =>
    catalogue.clouds.flatMap((cloud) =>
      cycles.map((cycle) => ({
        lookupKey: planLookupKey(plan.name, cloud.name, cycle),
        product: `plan-${plan.name.toLowerCase()}-${cloud.name}`,
        title: planTitle(plan, cloud),
        amount: plan.prices[cloud.name][cycle],
        currency,
        interval: intervals[cycle],
      })),
    ),
  );
  const ofAddOns = catalogue.addOns.flatMap((addOn) =>
    cycles.map((cycle) => ({
      lookupKey: addOnLookupKey(addOn.name, cycle),
      product: `add-on-${addOn.name}`,
      title: addOn.title,
      amount: addOn.price[cycle],
      currency,
      interval: intervals[cycle],
    })),
  );
  return [...ofPlans, ...ofAddOns];
}

/** Title of a plan on a cloud, for quotes and invoices. */
export function planTitle(plan: Plan, cloud: Cloud): string {
  return `${plan.name} on ${cloud.title}`;
}

function names(things: readonly { name: string }[]): string {
  return things.map((thing) => thing.name).join(', ');
}

function checkCycle(cycle: string): Cycle {
  if (cycle === 'monthly' || cycle === 'yearly') return cycle;
  throw new ReasonError('cycle_unknown');
}

function checkNodes(nodes: number, plan: Plan): 1 | 3 {
  const topology = plan.topologies.find((each) => each.nodes === nodes);
  if (topology?.enabled) return topology.nodes;
  const sold = plan.topologies.filter((each) => each.enabled).map((each) => each.nodes);
  throw new ReasonError('topology_not_enabled', `${plan.name} is sold on ${sold.join(' or ')} node`);
}

function readAddOns(
  wanted: Readonly<Record<string, number>>,
  { plan, catalogue, fields }: { plan: Plan | undefined; catalogue: Catalogue; fields: FieldCollector },
): CheckedCart['addOns'] {
  const bought: CheckedCart['addOns'] = {};
  for (const [name, quantity] of Object.entries(wanted)) {
    fields.check(`addOns.${name}`, () => {
      const addOn = findAddOn(name, catalogue);
      if (plan && isBought({ addOn, quantity, plan, catalogue })) bought[addOn.name] = quantity;
    });
  }
  return bought;
}

/** Whether the plan sells this quantity of an add-on, in contrast to including it. */
function isBought(about: { addOn: AddOn; quantity: number; plan: Plan; catalogue: Catalogue }): boolean {
  const { addOn, quantity, plan, catalogue } = about;
  if (quantity === 0) return false;
  const allowance = plan.addOns[addOn.name];
  if (allowance === 'excluded') throw notAllowed(addOn, catalogue);
  const maximum = allowance === 'included' ? includedQuantity(plan, addOn.name) : addOn.maximum;
  if (!Number.isInteger(quantity) || quantity < 0 || quantity > maximum) {
    const note = allowance === 'included' ? ` (included in ${plan.name})` : '';
    throw new ReasonError('quantity_out_of_range', `${addOn.name}: 0 to ${maximum}${note}`);
  }
  return allowance === 'sold';
}

function notAllowed(addOn: AddOn, catalogue: Catalogue): ReasonError {
  const lowest = catalogue.plans.find((plan) => plan.addOns[addOn.name] !== 'excluded');
  const detail = lowest
    ? `${addOn.title} is available from ${lowest.name}`
    : `${addOn.title} is available on no plan at present`;
  return new ReasonError('add_on_not_allowed', detail);
}
