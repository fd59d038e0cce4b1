import { expect, test } from '@jest/globals';
import { type Texts, textsOf } from '../../src/texts/texts.ts';

const { livePage } = textsOf('en');

test('a message without placeholders is its text, one with placeholders is a function of their values', () => {
  expect(livePage.steps.label).toBe('Steps');
  expect(livePage.steps.attempt({ attempt: 2 })).toBe('attempt 2');
  expect(textsOf('en')).toBe(textsOf('en'));
});

test('a plural follows its number', () => {
  expect(livePage.payment.declined({ count: 1 })).toMatch(/^The payment failed once\./);
  expect(livePage.payment.declined({ count: 3 })).toMatch(/^The payment failed 3 times\./);
});

test('a value that is no text stays what it is, and is not escaped here', () => {
  const name = { html: '<strong>a & b</strong>' };
  expect(livePage.cancel.nameFree({ hostname: name })).toEqual([
    'The name ',
    name,
    ' becomes free for everybody as soon as everything is removed.',
  ]);
  expect(livePage.cancel.nameFree({ hostname: 'a <b> & c' })).toBe(
    'The name a <b> & c becomes free for everybody as soon as everything is removed.',
  );
});

test('no sentence has a hole in it', () => {
  expect(() => livePage.steps.attempt({ attempt: undefined as never })).toThrow(/"attempt"/);
  expect(() => livePage.steps.attempt({} as never)).toThrow(/attempt/);
});

test('the types know the placeholders, also those inside a plural', () => {
  type Example = Texts<{ days: '{count, plural, one {# day for {name}} other {# days} } of {total}'; none: 'None' }>;
  const example = {
    days: ({ count, name, total }: Record<'count' | 'name' | 'total', unknown>) => `${count} ${name} ${total}`,
    none: 'None',
  } as Example;
  // @ts-expect-error a value is missing
  example.days({ count: 1, total: 2 });
  // @ts-expect-error an unknown value
  example.days({ count: 1, name: 'a', total: 2, day: 3 });
  expect(example.days({ count: 1, name: 'a', total: 2 })).toBe('1 a 2');
  expect(example.none.length).toBe(4);
});
