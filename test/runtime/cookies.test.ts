import { expect, test } from '@jest/globals';
import { cookiesOf } from '../../src/runtime/cookies.ts';

test.each([
  [undefined, {}],
  ['', {}],
  ['a=1; b=two%20words', { a: '1', b: 'two words' }],
  ['a=1; a=2; b=3', { b: '3' }],
  ['a=1; b=3; a=1', { b: '3' }],
  ['a=1;a =2; b=', { b: '' }],
  // Without a name a cookie is sent as its value alone.
  ['a; a=1', { a: '1' }],
  ['constructor=1; toString=2; toString=3', { constructor: '1' }],
])('the cookies of %j, without those that are sent twice', (header, expected) => {
  expect(cookiesOf(header)).toEqual(expected);
});
