import type { Stripe } from 'stripe';
import { z } from 'zod';
import { invalidRequest, type StripeError } from './errors.ts';
import { type FormHash, type FormValue, formName } from './form.ts';

/**
 * Building blocks of the parameter schemas, and Stripe's messages for refused parameters.
 *
 * Every hash is a strict object, so that an unknown parameter is refused at any depth, which Stripe does and the
 * published mock does not.
 */

/** Fails to compile if a schema accepts a name, or yields a value, that the SDK's parameter type does not have. */
type Known<Schema extends z.ZodType, Params, Extra extends string> =
  Omit<z.output<Schema>, Extra> extends Params
    ? Exclude<keyof z.output<Schema>, keyof Params | Extra> extends never
      ? Schema
      : never
    : never;

/**
 * A route's parameter schema, checked against the SDK's own parameter type. `Extra` names parameters that Stripe
 * accepts only from a browser and the SDK's type omits.
 */
export function paramsOf<Params, Extra extends string = never>() {
  return <Schema extends z.ZodType>(schema: Schema & Known<Schema, Params, Extra>): Schema => schema;
}

/** Text that may not be empty: an empty value means "unset", which only `clearable` parameters allow. */
export const text = (maximum = 5000) =>
  z
    .string()
    .max(maximum)
    .refine((value) => value !== '', { params: { code: 'parameter_invalid_empty' }, error: 'emptied' });

export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, 'integer')
  .transform(Number);

export const amount = z
  .string()
  .regex(/^\d{1,12}$/, 'non-negative integer')
  .transform(Number);

export const decimal = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,4})?$/, 'decimal')
  .transform(Number);

export const boolean = z.enum(['true', 'false']).transform((value) => value === 'true');

/** Allows the empty value, with which a caller unsets the parameter. */
export const clearable = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal(''), schema]);

/** A list, however its indexes were numbered. */
export const list = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (isHash(value) ? Object.values(value) : value), z.array(schema).max(100));

export const expand = list(text());

export const metadata = z
  .record(z.string().max(40), z.string().max(500))
  .refine((value) => Object.keys(value).length <= 50);

export const metadataChange = clearable(metadata);

export const address = z.strictObject({
  city: z.string().optional(),
  country: z.string().optional(),
  line1: z.string().optional(),
  line2: z.string().optional(),
  postal_code: z.string().optional(),
  state: z.string().optional(),
});

/** A moment, or a range of moments; seconds since the epoch. */
export const timeFilter = z.union([
  integer,
  z.strictObject({
    gt: integer.optional(),
    gte: integer.optional(),
    lt: integer.optional(),
    lte: integer.optional(),
  }),
]);

/** The cursor parameters of every list. */
export const pagination = {
  limit: integer.refine((value) => value >= 1 && value <= 100, 'integer from 1 to 100').optional(),
  starting_after: text().optional(),
  ending_before: text().optional(),
  expand: expand.optional(),
};

export const onlyExpand = z.strictObject({ expand: expand.optional() });

/** An address as Stripe returns it: with every field, null if unknown. */
export function fullAddress(given: z.output<typeof address>): Stripe.Address {
  return {
    city: given.city || null,
    country: given.country || null,
    line1: given.line1 || null,
    line2: given.line2 || null,
    postal_code: given.postal_code || null,
    state: given.state || null,
  };
}

/** Metadata after a change: an empty value removes its key, an empty hash removes all, other keys stay. */
export function mergeMetadata(
  before: Stripe.Metadata | null,
  change: '' | Record<string, string> | undefined,
): Stripe.Metadata {
  if (change === '') return {};
  const merged = { ...before, ...change };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

/** The parsed parameters; throws Stripe's refusal (400 with `param`, and `code` if Stripe has one). */
export function parseParams<Schema extends z.ZodType>(schema: Schema, form: FormHash): z.output<Schema> {
  const parsed = schema.safeParse(form);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(innermost);
  throw refusal(issues.find((issue) => issue.code === 'unrecognized_keys') ?? issues[0]!, form);
}

type Issue = z.core.$ZodIssue;

/** The issue of the branch of a union that the caller most likely meant. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors.map((errors) => errors[0]).filter((inner) => inner !== undefined);
  const fitting = branches.filter(
    (inner) => inner.path.length > 0 || (inner.code !== 'invalid_type' && !isEmptyLiteral(inner)),
  );
  const chosen = fitting.at(-1) ?? branches.at(-1);
  return chosen ? innermost({ ...chosen, path: [...issue.path, ...chosen.path] }) : issue;
}

function isEmptyLiteral(issue: Issue): boolean {
  return issue.code === 'invalid_value' && issue.values.length === 1 && issue.values[0] === '';
}

function refusal(issue: Issue, form: FormHash): StripeError {
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => formName([...issue.path, key]));
    const plural = names.length > 1 ? 's' : '';
    return invalidRequest({
      code: 'parameter_unknown',
      message: `Received unknown parameter${plural}: ${names.join(', ')}`,
      param: names[0],
    });
  }
  const param = formName(issue.path);
  const given = valueAt(form, issue.path);
  if (given === undefined) {
    return invalidRequest({ code: 'parameter_missing', message: `Missing required param: ${param}.`, param });
  }
  if (issue.code === 'custom' && issue.params?.code === 'parameter_invalid_empty') {
    return invalidRequest({
      code: 'parameter_invalid_empty',
      message: `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      param,
    });
  }
  if (issue.code === 'invalid_type') {
    const wanted = issue.expected === 'string' ? 'string' : issue.expected === 'array' ? 'array' : 'hash';
    return invalidRequest({ message: `Invalid ${wanted}`, param });
  }
  if (issue.code === 'invalid_value') {
    return invalidRequest({ message: `Invalid ${param}: must be one of ${issue.values.join(', ')}`, param });
  }
  const integral = issue.message.includes('integer');
  return invalidRequest({
    ...(integral ? { code: 'parameter_invalid_integer' } : {}),
    message: `Invalid ${integral ? 'integer' : param}: ${String(given)}`,
    param,
  });
}

function valueAt(form: FormHash, path: readonly PropertyKey[]): FormValue | undefined {
  let value: FormValue | undefined = form;
  for (const key of path) value = isHash(value) ? (value as FormHash)[String(key)] : undefined;
  return value;
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
