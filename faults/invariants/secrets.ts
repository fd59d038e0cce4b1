import type { Evidence } from '../evidence.ts';

/** Patterns of payment client secrets, licence keys and test cards. */
const shapes: readonly [what: string, shape: RegExp][] = [
  ['client secret of a payment', /\b(?:pi|seti)_[A-Za-z0-9]+_secret_[A-Za-z0-9]+/],
  ['licence key', /\bFH(?:-[0-9A-HJKMNP-TV-Z]{7}){4}\b/],
];

/** No log, workflow history or stack state contains a secret or a customer's address. */
export function secretsAreKept({ texts, secrets }: Evidence): string[] {
  const violations: string[] = [];
  for (const { where, text } of texts) {
    for (const { what, value } of secrets) if (text.includes(value)) violations.push(`${where} holds ${what}`);
    for (const [what, shape] of shapes) if (shape.test(text)) violations.push(`${where} holds a ${what}`);
  }
  return violations;
}
