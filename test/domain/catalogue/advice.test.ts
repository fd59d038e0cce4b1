import { describe, expect, test } from '@jest/globals';
import { adviseOnCart, planForAccounts } from '../../../src/domain/catalogue/advice.ts';
import { checkCart } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';

function notes(plan: string, users = 1, accounts?: number) {
  const cart = checkCart(
    { plan, cycle: 'monthly', cloud: 'local', region: 'home', addOns: { users: users - 1 } },
    catalogue,
  );
  return adviseOnCart(cart, { catalogue, accounts });
}
const codes = (...given: Parameters<typeof notes>) => {
  const { advice, warnings } = notes(...given);
  return [...advice, ...warnings].map((note) => note.code);
};

test.each([
  [1, 'MAKER'],
  [2, 'GROW'],
  [9, 'GROW'],
  [10, 'STARTUP'],
  [50, 'STARTUP'],
  [51, 'BUSINESS'],
  [500, 'BUSINESS'],
] as const)('%i user accounts: %s', (accounts, plan) => {
  expect(planForAccounts(accounts, catalogue)).toBe(plan);
});

describe('advice on a cart', () => {
  test.each([
    ['MAKER', 1],
    ['GROW', 1],
    ['GROW', 9],
    ['STARTUP', 50],
  ])('%s with %i users needs none', (plan, users) => {
    expect(codes(plan, users)).toEqual([]);
  });

  test('more users than the plan is meant for: the better plan is named', () => {
    expect(notes('GROW', 10).advice).toEqual([
      {
        code: 'plan_for_accounts',
        text: 'GROW is meant for: under 10 user accounts. For 10 we recommend STARTUP.',
      },
    ]);
  });

  test('the accounts that the buyer expects count, in both directions', () => {
    expect(notes('MAKER', 1, 60).advice[0]?.text).toContain('BUSINESS');
    expect(notes('STARTUP', 1, 1).advice[0]?.text).toContain('MAKER');
    expect(codes('GROW', 1, 5)).toEqual([]);
    expect(notes('STARTUP', 20, 5).advice).toEqual([]);
  });

  test('users times plugins over what the machine carries is a warning', () => {
    expect(notes('GROW', 11).warnings).toEqual([
      {
        code: 'machine_overload',
        text: '11 users with 3 plugins each may overload the machine of GROW. STARTUP carries them.',
      },
    ]);
  });

  test('where no machine carries it, none is named', () => {
    expect(notes('BUSINESS', 501).warnings[0]?.text).toBe(
      '501 users with 6 plugins each may overload the machine of BUSINESS.',
    );
  });

  test('BUSINESS says that it is sold on one node', () => {
    expect(codes('BUSINESS')).toEqual(['one_node']);
  });
});
