import { z } from 'zod';
import { PlanName } from '../catalogue.ts';
import { CloudCheckId, CloudReport } from '../clouds.ts';

/** Estimated cost and margin of a plan there, from list prices. */
const PlanEstimate = z
  .strictObject({
    plan: PlanName,
    nodes: z.number().int(),
    size: z.string(),
    /** List price of its resources per month, cents of the currency of the list. */
    costCents: z.number().int(),
    currency: z.string(),
    /** The same in the currency of the price, minor units, by this exchange rate. */
    convertedCents: z.number().int(),
    exchange: z.strictObject({
      from: z.string(),
      to: z.string(),
      rate: z.number(),
      asOf: z.string(),
      source: z.string(),
    }),
    /** Date of the price list, and where it is published. */
    asOf: z.string(),
    source: z.string(),
    /** Net price per month and what is left of it, minor units of this currency. */
    price: z.number().int(),
    margin: z.number().int(),
    priceCurrency: z.string(),
    /** Share of the price, 0 to 1; negative where the plan costs more than it is sold for. */
    marginShare: z.number(),
    /** When and where a second source confirmed the price of its machine; null if none did. */
    confirmed: z.strictObject({ on: z.string(), at: z.string() }).nullable(),
  })
  .meta({ id: 'PlanEstimate' });

const ShownCloud = z
  .strictObject({
    ...CloudReport.shape,
    problem: z
      .strictObject({ reason: z.string(), detail: z.string(), meaning: z.string(), next: z.string() })
      .nullable(),
    title: z.string(),
    /** Whether it is sold here. */
    enabled: z.boolean(),
    plans: z.array(PlanEstimate),
  })
  .meta({ id: 'CheckedCloud' });
export type ShownCloud = z.infer<typeof ShownCloud>;

export const CloudCheck = z
  .strictObject({ id: CloudCheckId, done: z.boolean(), clouds: z.array(ShownCloud).nullable() })
  .meta({ id: 'CloudCheck' });
export type CloudCheck = z.infer<typeof CloudCheck>;
