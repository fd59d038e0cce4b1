import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseZone, fullZone } from '../../../src/domain/operations/choose-zone.ts';
import { errorTexts } from '../../stacks/error-texts.ts';

const zones = ['us-east-2a', 'us-east-2b', 'us-east-2c'];
const choose = (change: Partial<Parameters<typeof chooseZone>[0]>) =>
  chooseZone({ zones, current: 'us-east-2a', tried: [], message: '', ...change });

test('the next zone of the catalogue, until none is left', () => {
  expect(choose({})).toBe('us-east-2b');
  expect(choose({ current: 'us-east-2b', tried: ['us-east-2a'] })).toBe('us-east-2c');
  expect(choose({ current: 'us-east-2c', tried: ['us-east-2a', 'us-east-2b'] })).toBeNull();
  expect(choose({ zones: ['ams3'], current: 'ams3' })).toBeNull();
});

test('a zone that the cloud recommends comes first, in words that it has really used', () => {
  const { text } = errorTexts.find((each) => each.text.includes('(us-east-2a)'))!;
  expect(choose({ message: text.replace('us-east-2b, ', '') })).toBe('us-east-2c');
  const gcp = errorTexts.find((each) => each.text.includes('us-central1-b zone'))!;
  const central = ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-central1-f'];
  const tried = ['us-central1-a'];
  expect(chooseZone({ zones: central, current: 'us-central1-b', tried, message: gcp.text })).toBe('us-central1-f');
});

test('numbers in a message recommend no zone that is called like them', () => {
  expect(chooseZone({ zones: ['1', '2', '3'], current: '1', tried: [], message: 'needs 3 cores' })).toBe('2');
});

test('it never leaves the region, never repeats a zone, and ends', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), fc.string(), (region, message) => {
      const tried: string[] = [];
      let current: string | null = region[0]!;
      while (current !== null) {
        expect(region).toContain(current);
        expect(tried).not.toContain(current);
        tried.push(current);
        current = chooseZone({ zones: region, current, tried, message });
      }
      expect(tried.sort()).toEqual([...region].sort());
    }),
  );
});

test('of several zones that one is full which the cloud names first, in words that it has really used', () => {
  const { text } = errorTexts.find((each) => each.text.includes('(us-east-2a)'))!;
  expect(fullZone(['us-east-2c', 'us-east-2b', 'us-east-2a'], text)).toBe('us-east-2a');
  expect(fullZone(zones, 'there is no capacity')).toBeNull();
  expect(fullZone(['us-east-2b'], 'there is no capacity')).toBe('us-east-2b');
});
