import { z } from 'zod';
import { CloudName } from './stack.ts';

/** Integer minor units (cents of EUR). */
const MinorUnits = z.number().int();

export const PlanName = z.enum(['MAKER', 'GROW', 'STARTUP', 'BUSINESS']);
export type PlanName = z.infer<typeof PlanName>;

export const Cycle = z.enum(['monthly', 'yearly']);
export type Cycle = z.infer<typeof Cycle>;

export const AddOnName = z.enum(['users', 'extended-support', 'domains', 'brands']);
export type AddOnName = z.infer<typeof AddOnName>;

/** How much of each thing a plan allows; `null` is unlimited. */
export const Limits = z.strictObject({
  devices: z.number().int().nullable(),
  assets: z.number().int().nullable(),
  dashboards: z.number().int().nullable(),
  buckets: z.number().int().nullable(),
  tokens: z.number().int().nullable(),
  plugins: z.number().int().nullable(),
  users: z.number().int().nullable(),
  domains: z.number().int().nullable(),
  brands: z.number().int().nullable(),
});
export type Limits = z.infer<typeof Limits>;

export const Features = z.strictObject({
  extendedSupport: z.boolean(),
  cluster: z.boolean(),
  highAvailability: z.boolean(),
});
export type Features = z.infer<typeof Features>;

const Price = z.strictObject({ monthly: MinorUnits, yearly: MinorUnits });

export const Plan = z.strictObject({
  name: PlanName,
  /** Recommended number of user accounts: individual, under 10, 10 to 50, over 50. */
  accounts: z.strictObject({ from: z.number().int(), to: z.number().int().nullable(), text: z.string() }),
  /** Net price per cloud, licence and cloud included. */
  prices: z.record(CloudName, Price),
  /** Limits and features before add-ons. */
  limits: Limits,
  features: Features,
  /** Users times plugins that the plan's machine can carry. */
  carries: z.number().int(),
  diskGib: z.number().int(),
  /** Add-ons that may be bought; `included` ones are part of the plan at price 0. */
  addOns: z.record(AddOnName, z.enum(['sold', 'included', 'excluded'])),
  topologies: z.array(z.strictObject({ nodes: z.union([z.literal(1), z.literal(3)]), enabled: z.boolean() })),
});
export type Plan = z.infer<typeof Plan>;

export const AddOn = z.strictObject({
  name: AddOnName,
  title: z.string(),
  description: z.string(),
  price: Price,
  maximum: z.number().int(),
});
export type AddOn = z.infer<typeof AddOn>;

export const Region = z.strictObject({
  name: z.string(),
  title: z.string(),
  country: z.string().length(2),
  zones: z.array(z.string()).min(1),
  /** Plans whose machine size this region does not offer. */
  without: z.array(PlanName),
});
export type Region = z.infer<typeof Region>;

export const Cloud = z.strictObject({
  name: CloudName,
  title: z.string(),
  /** Label between the customer's name and the base domain: do, aws, gcp, azure, local. */
  label: z.string(),
  enabled: z.boolean(),
  sizes: z.record(PlanName, z.string()),
  regions: z.array(Region).min(1),
});
export type Cloud = z.infer<typeof Cloud>;

export const Catalogue = z.strictObject({
  /** Changes with every change of the data; quotes carry it. */
  version: z.string(),
  currency: z.literal('EUR'),
  product: z.strictObject({ name: z.string(), version: z.string(), released: z.string() }),
  plans: z.array(Plan),
  addOns: z.array(AddOn),
  clouds: z.array(Cloud),
});
export type Catalogue = z.infer<typeof Catalogue>;
