/** Whole: 100 %. A basis point is a hundredth of a percent. */
const wholeInBasisPoints = 10_000;

/**
 * Share of an amount, rounded half away from zero to whole minor units.
 *
 * The only rounding rule: tax is rounded per line and then added, as Stripe does. A negative amount gives exactly the
 * negative share, so that a credit equals the charge to the cent.
 *
 * @param amount minor units, a safe integer
 * @param basisPoints hundredths of a percent, 0 or more
 */
export function percentOf(amount: number, basisPoints: number): number {
  const product = Math.abs(amount) * basisPoints + wholeInBasisPoints / 2;
  if (!Number.isSafeInteger(amount) || !Number.isInteger(basisPoints) || basisPoints < 0) {
    throw new RangeError(`no share of ${amount} at ${basisPoints} basis points`);
  }
  if (!Number.isSafeInteger(product)) throw new RangeError(`${amount} minor units are too many`);
  const share = (product - (product % wholeInBasisPoints)) / wholeInBasisPoints;
  return amount < 0 && share > 0 ? -share : share;
}

/** Sum of integers in minor units. */
export function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

/** An amount as people read it, e.g. 123456 EUR in `en` is `€1,234.56`. */
export function formatMoney(amount: number, currency: 'EUR', locale = 'en'): string {
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount / 100);
}

/** Basis points as people read them: 2550 is `25.5 %`. */
export function formatPercent(basisPoints: number): string {
  return `${basisPoints / 100} %`;
}
