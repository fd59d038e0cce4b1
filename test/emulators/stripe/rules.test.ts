import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { periodEnd } from '../../../emulators/stripe/flows/period.ts';
import { taxOfLine } from '../../../emulators/stripe/flows/tax.ts';
import { isCardNumber } from '../../../emulators/stripe/flows/test-cards.ts';
import { decodeForm, formName } from '../../../emulators/stripe/kernel/form.ts';

describe('tax of a line', () => {
  test.each([
    [1999, 21, 420],
    [50, 21, 11],
    [50, 5, 3],
    [-50, 5, -3],
    [10_000, 25.5, 2550],
    [1, 0, 0],
  ])('%i at %f %% exclusive is %i', (amount, percentage, tax) => {
    expect(taxOfLine(amount, { percentage, inclusive: false })).toBe(tax);
  });

  test('an inclusive tax is part of the amount', () => {
    expect(taxOfLine(12_100, { percentage: 21, inclusive: true })).toBe(2100);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0, max: 3000 }), (net, hundredths) => {
        const percentage = hundredths / 100;
        const gross = net + taxOfLine(net, { percentage, inclusive: false });
        const back = gross - taxOfLine(gross, { percentage, inclusive: true });
        expect(Math.abs(back - net)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('is never off by more than half a cent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0, max: 3000 }), (amount, hundredths) => {
        const tax = taxOfLine(amount, { percentage: hundredths / 100, inclusive: false });
        expect(Math.abs(tax * 10_000 - amount * hundredths)).toBeLessThanOrEqual(5000);
      }),
    );
  });
});

describe('a billing period', () => {
  const end = (start: string, interval: string, interval_count = 1) =>
    new Date(periodEnd(Date.parse(start) / 1000, { interval, interval_count }) * 1000).toISOString();

  test('ends on the same day, or on the last of a shorter month', () => {
    expect(end('2026-03-15T10:00:00Z', 'month')).toBe('2026-04-15T10:00:00.000Z');
    expect(end('2026-01-31T10:00:00Z', 'month')).toBe('2026-02-28T10:00:00.000Z');
    expect(end('2028-02-29T10:00:00Z', 'year')).toBe('2029-02-28T10:00:00.000Z');
    expect(end('2026-11-30T00:00:00Z', 'month', 3)).toBe('2027-02-28T00:00:00.000Z');
    expect(end('2026-11-30T00:00:00Z', 'week', 2)).toBe('2026-12-14T00:00:00.000Z');
    expect(end('2026-11-30T00:00:00Z', 'day')).toBe('2026-12-01T00:00:00.000Z');
  });
});

describe('forms', () => {
  const plain = (text: string) => JSON.parse(JSON.stringify(decodeForm(text)));

  test('decode brackets of every kind', () => {
    expect(plain('a=1&items[0][price]=p&items[1][price]=q&expand[]=x&expand[]=y&m[k%5B]=no')).toBe(null);
    expect(plain('a=1&items[0][price]=p&items[1][price]=q&expand[]=x&expand[]=y')).toEqual({
      a: '1',
      items: { '0': { price: 'p' }, '1': { price: 'q' } },
      expand: { '0': 'x', '1': 'y' },
    });
    expect(plain('metadata%5Bkey%5D=caf%C3%A9+%26')).toEqual({ metadata: { key: 'café &' } });
  });

  test('refuse what contradicts itself, and never touch a prototype', () => {
    expect(decodeForm('a=1&a[b]=2')).toBeNull();
    expect(decodeForm('a[b=1')).toBeNull();
    expect(decodeForm(`a${'[x]'.repeat(30)}=1`)).toBeNull();
    decodeForm('__proto__[polluted]=yes&constructor[prototype][polluted]=yes');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('names are written back as they were sent', () => {
    expect(formName(['items', 0, 'price'])).toBe('items[0][price]');
  });
});

test('a card number has a right check digit', () => {
  expect(isCardNumber('4242424242424242')).toBe(true);
  expect(isCardNumber('4242424242424241')).toBe(false);
  expect(isCardNumber('4242')).toBe(false);
});
