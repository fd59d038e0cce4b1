import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ReasonCode, reasonCodes } from '../../../src/contracts/reasons.ts';
import { OrderState, orderCanBeCancelled, orderHasEnded } from '../../../src/contracts/states.ts';
import {
  declinedTooOften,
  endStateOf,
  nextMoneyReadAt,
  statesBefore,
} from '../../../src/domain/billing/order-rules.ts';

const states = OrderState.options;
const orderMayMove = (from: OrderState, to: OrderState) => statesBefore(to).includes(from);

describe('the states of an order', () => {
  test('every pair is decided', () => {
    const moves = states.flatMap((from) =>
      states.filter((to) => orderMayMove(from, to)).map((to) => `${from} -> ${to}`),
    );
    expect(moves).toEqual([
      'awaiting_payment -> fulfilling',
      'awaiting_payment -> cancelling',
      'fulfilling -> cancelling',
      'fulfilling -> fulfilled',
      'cancelling -> settling',
      'cancelling -> declined',
      'cancelling -> expired',
      'cancelling -> cancelled',
      'cancelling -> failed_refunded',
      'settling -> declined',
      'settling -> expired',
      'settling -> cancelled',
      'settling -> failed_refunded',
    ]);
  });

  test('an end has no way out, anything else has one', () => {
    for (const from of states) expect(states.some((to) => orderMayMove(from, to))).toBe(!orderHasEnded(from));
  });

  test('only what may be cancelled goes to cancelling', () => {
    expect(statesBefore('cancelling')).toEqual(states.filter(orderCanBeCancelled));
  });

  test('only a fulfilling order is fulfilled', () => {
    expect(statesBefore('fulfilled')).toEqual(['fulfilling']);
  });

  test('every walk ends, and reaches one end', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 10, maxLength: 10 }), (choices) => {
        let state: OrderState = 'awaiting_payment';
        for (const choice of choices) {
          const next = states.filter((to) => orderMayMove(state, to));
          if (next.length > 0) state = next[choice % next.length]!;
        }
        expect(orderHasEnded(state)).toBe(true);
      }),
    );
  });

  test.each([
    ['too_many_declines', 'declined'],
    ['payment_expired', 'expired'],
    ['cancelled_by_customer', 'cancelled'],
    ['cancelled_by_operator', 'cancelled'],
    ['not_delivered', 'failed_refunded'],
    ['stack_failed', 'failed_refunded'],
  ] as const)('%s ends as %s', (reason, end) => {
    expect(endStateOf(reason)).toBe(end);
  });

  test('every reason leads to an end that is not fulfilled', () => {
    for (const reason of reasonCodes as ReasonCode[]) {
      expect(orderHasEnded(endStateOf(reason))).toBe(true);
      expect(endStateOf(reason)).not.toBe('fulfilled');
    }
  });
});

describe('the looks at the money of an order that has ended', () => {
  const day = 24 * 3_600_000;
  const times = { firstMs: 300_000, windowMs: 30 * day };

  function readsAfter(endedAt: number, delayOf: (index: number) => number): number[] {
    const reads = [endedAt + delayOf(0)];
    for (;;) {
      const next = nextMoneyReadAt({ endedAt, readAt: reads.at(-1) as number }, times);
      if (next === undefined) return reads;
      reads.push(next + delayOf(reads.length));
    }
  }

  test('are nine within thirty days', () => {
    const minutes = readsAfter(0, () => 0).map((at) => at / 60_000);
    expect(minutes).toEqual([0, 5, 20, 80, 320, 1_280, 5_120, 20_480, 43_200]);
  });

  test('are few and come to an end, however late each of them is', () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.array(fc.nat(90 * day)), (endedAt, delays) => {
        const reads = readsAfter(endedAt, (index) => delays[index] ?? 0);
        expect(reads.length).toBeLessThanOrEqual(9);
        expect(reads.at(-1)).toBeGreaterThanOrEqual(endedAt + times.windowMs);
        expect(reads.toSorted((one, other) => one - other)).toEqual(reads);
      }),
    );
  });
});

test('the eighth decline ends an order', () => {
  expect(declinedTooOften(7, 8)).toBe(false);
  expect(declinedTooOften(8, 8)).toBe(true);
  expect(declinedTooOften(2, 2)).toBe(true);
});
