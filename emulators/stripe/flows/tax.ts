/** How a tax rate applies to an amount. */
export interface Rate {
  /** Percent, at most four decimals. */
  percentage: number;
  /** Whether the amount already contains the tax. */
  inclusive: boolean;
}

const scale = 10_000n;

/**
 * The tax on one line, in minor units. The one rounding rule of this emulator: each line and each rate is rounded
 * separately, half away from zero; an invoice's tax is the sum of its lines' taxes.
 *
 * Exclusive: `amount * p / 100`. Inclusive: `amount * p / (100 + p)`, already part of the amount.
 */
export function taxOfLine(amount: number, rate: Rate): number {
  const percentage = BigInt(Math.round(rate.percentage * Number(scale)));
  const divisor = rate.inclusive ? 100n * scale + percentage : 100n * scale;
  return divideHalfUp(BigInt(amount) * percentage, divisor);
}

function divideHalfUp(dividend: bigint, divisor: bigint): number {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return Number(dividend < 0n ? -rounded : rounded);
}
