import { describe, expect, test } from '@jest/globals';
import { taxFor } from '../../../src/domain/billing/tax.ts';
import { soldTo } from '../../support/sold-to.ts';
import { thrown } from '../thrown.ts';

const at = Date.UTC(2026, 10, 22);

describe('tax by country and time', () => {
  test.each([
    ['ES', 2_100],
    ['DE', 1_900],
    ['FR', 2_000],
    ['GR', 2_400],
    ['FI', 2_550],
    ['SK', 2_300],
    ['EE', 2_400],
    ['RO', 2_100],
    ['HU', 2_700],
    ['LU', 1_700],
    ['MC', 2_000],
  ])('%s pays %i basis points today', (country, basisPoints) => {
    expect(taxFor({ country, at })).toEqual({ country, basisPoints, name: 'VAT', day: '2026-11-22' });
  });

  test.each(['US', 'GB', 'XI', 'CH', 'NO', 'TW', 'JP', 'AX'])('%s pays none', (country) => {
    expect(taxFor({ country, at })).toEqual({ country, basisPoints: 0, name: 'No VAT', day: '2026-11-22' });
  });

  test('a rate begins with its day', () => {
    const day = Date.UTC(2025, 6, 1);
    expect(taxFor({ country: 'EE', at: day - 1 })).toMatchObject({ basisPoints: 2_200, day: '2025-06-30' });
    expect(taxFor({ country: 'EE', at: day })).toMatchObject({ basisPoints: 2_400, day: '2025-07-01' });
  });

  test.each(['EL', 'UK', 'XX', 'es', '', 'ESP', 'toString', '__proto__'])('%j is no country', (country) => {
    expect(thrown(() => taxFor({ country, at })).code).toBe('country_unknown');
  });

  test('nothing is sold before the table begins', () => {
    expect(() => taxFor({ country: 'ES', at: 0 })).toThrow(RangeError);
  });

  test('knows every country of the EU, and every country that has a name', () => {
    const members = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');
    expect(members).toHaveLength(27);
    for (const country of members) expect(taxFor({ country, at }).basisPoints).toBeGreaterThanOrEqual(1_700);
    const named = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    for (const country of soldTo) {
      if (country !== 'XI') expect(named.of(country)).toBeDefined();
      expect(taxFor({ country, at }).country).toBe(country);
    }
    // 249 countries of ISO 3166-1, and XI.
    expect(soldTo).toHaveLength(250);
  });
});
