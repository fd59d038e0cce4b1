import { randomInt } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` random letters and digits; unguessable, as Stripe's ids and secrets are. */
export function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** A new id with Stripe's prefix of that kind of object, e.g. `cus_4fK…`. */
export function newId(prefix: string): string {
  return `${prefix}_${randomText(24)}`;
}
