import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatMoney, formatPercent, percentOf, sum } from '../../../src/domain/billing/money.ts';

const amounts = fc.integer({ min: -100_000_000_00, max: 100_000_000_00 });
const rates = fc.integer({ min: 0, max: 10_000 });

describe('the share of an amount', () => {
  test.each([
    [1_999, 2_100, 420],
    [1, 5_000, 1],
    [-1, 5_000, -1],
    [1, 4_999, 0],
    [3, 5_000, 2],
    [2_900, 2_100, 609],
    [149_900, 4_000, 59_960],
    [0, 2_100, 0],
    [7_900, 0, 0],
  ])('%i at %i basis points is %i', (amount, basisPoints, share) => {
    expect(percentOf(amount, basisPoints)).toBe(share);
  });

  test('is the nearest whole number, the larger of two', () => {
    fc.assert(
      fc.property(amounts, rates, (amount, basisPoints) => {
        const exact = BigInt(Math.abs(amount)) * BigInt(basisPoints);
        const share = Number((exact * 2n + 10_000n) / 20_000n);
        expect(Math.abs(percentOf(amount, basisPoints))).toBe(share);
      }),
    );
  });

  test('of a credit is exactly what was charged', () => {
    fc.assert(
      fc.property(amounts, rates, (amount, basisPoints) => {
        expect(percentOf(amount, basisPoints) + percentOf(-amount, basisPoints)).toBe(0);
      }),
    );
  });

  test('of what is no whole amount is refused', () => {
    expect(() => percentOf(1.5, 2_100)).toThrow(RangeError);
    expect(() => percentOf(100, 21.5)).toThrow(RangeError);
    expect(() => percentOf(100, -1)).toThrow(RangeError);
    expect(() => percentOf(Number.MAX_SAFE_INTEGER, 2_100)).toThrow(RangeError);
  });
});

test('amounts and rates as people read them', () => {
  expect(formatMoney(123_456, 'EUR')).toBe('€1,234.56');
  expect(formatMoney(-5, 'EUR')).toBe('-€0.05');
  expect(formatMoney(123_456, 'EUR', 'de')).toBe('1.234,56\u00a0€');
  expect(formatPercent(2_550)).toBe('25.5 %');
  expect(sum([])).toBe(0);
  expect(sum([1, 2, -4])).toBe(-1);
});
