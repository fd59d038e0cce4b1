import type { z } from 'zod';

/** Requires exactly one of these optional members; its JSON Schema says so, too. */
export function exactlyOneOf<Schema extends z.ZodObject>(
  schema: Schema,
  ...names: (keyof z.output<Schema> & string)[]
) {
  return schema
    .refine((body: Record<string, unknown>) => names.filter((name) => body[name] !== undefined).length === 1, {
      message: `Send exactly one of ${names.join(' and ')}.`,
    })
    .meta({ oneOf: names.map((name) => ({ required: [name] })) });
}
