import { z } from 'zod';

/** A time in answers: ISO 8601 in UTC with milliseconds. */
export const Time = z.iso.datetime();

/** Minor units (cents) of the currency beside it. */
export const Money = z.number().int();

/** A secret that the client sends back, base64url. */
export const SecretText = z.string().regex(/^[A-Za-z0-9_-]{20,100}$/);

/** Key that makes a request idempotent: 1 to 200 printable ASCII characters. */
export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/);

/** A number in a query or a header, in plain decimal notation; `1e3`, `0x10`, `+1`, ` 1`, `01` and `` are none. */
export function numberText(schema: z.ZodNumber) {
  const isPlain = (text: unknown) => typeof text === 'string' && /^(0|[1-9]\d{0,15})$/.test(text);
  return z.preprocess((text) => (isPlain(text) ? Number(text) : text), schema);
}

/** Maximum number of items that a list returns, newest first. */
export const ListLimit = numberText(z.number().int().min(1).max(200)).default(50);

/** A page of a list, newest first; `next` is the `before` of the following page, null at the end. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() });
}

/** A list, newest first. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item) });
}
