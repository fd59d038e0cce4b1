import { taxFor } from '../../src/domain/billing/tax.ts';

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const at = Date.UTC(2026, 0, 1);

/** Every country that can be sold to: the codes of two letters for which the tax table has an answer. */
export const soldTo: readonly string[] = letters
  .flatMap((first) => letters.map((second) => first + second))
  .filter(isKnown);

function isKnown(country: string): boolean {
  try {
    return taxFor({ country, at }).country === country;
  } catch {
    return false;
  }
}
