import { z } from 'zod';
import { Cycle, PlanName } from '../catalogue.ts';
import { QuoteId } from '../ids.ts';
import { CloudName } from '../stack.ts';
import { Money, SecretText, Time } from './common.ts';

const word = z.string().min(1).max(60);

/**
 * A cart to price. Names are plain text here: the catalogue decides whether they exist, with a reason code for each.
 */
export const QuoteRequest = z
  .strictObject({
    plan: word.meta({ examples: ['STARTUP'] }),
    cycle: word.meta({ examples: ['monthly'] }),
    cloud: word.meta({ examples: ['local'] }),
    region: word.meta({ examples: ['home'] }),
    zone: word.optional(),
    /** First label of the hostname. */
    name: z.string().max(300),
    /** Quantity of each add-on; 0 is the same as absent. */
    addOns: z.record(word, z.number()).default({}),
    /** ISO 3166-1 alpha-2 code of the buyer's country; decides the tax. */
    country: z.string().max(10),
    /** Expected number of user accounts; only affects the advice. */
    accounts: z.number().int().min(1).max(1_000_000).optional(),
    nodes: z.number().int().min(1).max(99).default(1),
    /** The secret of an earlier quote of the same cart: the new quote takes over its hold. */
    holdToken: SecretText.optional(),
  })
  .meta({ id: 'QuoteRequest' });
export type QuoteRequest = z.input<typeof QuoteRequest>;

export const QuoteLine = z
  .strictObject({
    /** Lookup key of the price; absent for items included in the plan. */
    lookupKey: z.string().optional(),
    title: z.string(),
    quantity: z.number().int(),
    unitAmount: Money,
    amount: Money,
    tax: Money,
  })
  .meta({ id: 'QuoteLine' });

/** A sentence for the buyer with a code for programs. */
const Note = z
  .strictObject({
    code: z.enum(['plan_for_accounts', 'one_node', 'machine_overload']),
    text: z.string(),
  })
  .meta({ id: 'Note' });

/** Subject of a quote: a new server. */
export const QuotedServer = z
  .strictObject({
    kind: z.literal('server'),
    plan: PlanName,
    cycle: Cycle,
    cloud: CloudName,
    region: z.string(),
    zone: z.string(),
    hostname: z.string(),
    nodes: z.number().int(),
    addOns: z.record(z.string(), z.number().int()),
  })
  .meta({ id: 'QuotedServer' });

/** A priced cart, valid until `expiresAt`; its hostname is held as long. */
export const Quote = z
  .strictObject({
    id: QuoteId,
    signature: z.string(),
    /** Secret; proves that an order or a later quote belongs to the same cart. */
    holdToken: SecretText,
    subject: QuotedServer,
    lines: z.array(QuoteLine),
    currency: z.literal('EUR'),
    net: Money,
    tax: z.strictObject({
      country: z.string(),
      /** Hundredths of a percent. */
      basisPoints: z.number().int(),
      name: z.string(),
      /** The UTC day whose rate this is: the day of the quote. */
      day: z.iso.date(),
      amount: Money,
    }),
    total: Money,
    expiresAt: Time,
    advice: z.array(Note),
    warnings: z.array(Note),
  })
  .meta({ id: 'Quote' });
export type Quote = z.infer<typeof Quote>;

export const HostnameQuery = z.object({ cloud: word });

/** Whether a name can be ordered now, and similar free names when it cannot. */
export const HostnameAnswer = z
  .strictObject({
    name: z.string(),
    hostname: z.string(),
    available: z.boolean(),
    /** Why not. */
    reason: z.enum(['hostname_malformed', 'hostname_reserved', 'hostname_taken', 'hostname_held']).optional(),
    detail: z.string().optional(),
    variants: z.array(z.string()),
  })
  .meta({ id: 'HostnameAnswer' });
