import { expect, test } from '@jest/globals';
import { durationWords } from '../../src/texts/duration-words.ts';

test.each([
  [-5, '0.0 s'],
  [420, '0.4 s'],
  [9_900, '9.9 s'],
  [12_345, '12 s'],
  [125_000, '2 min 05 s'],
  [3_900_000, '1 h 05 min'],
])('%d ms read as %s', (ms, text) => {
  expect(durationWords(ms)).toBe(text);
});
