import { describe, expect, test } from '@jest/globals';
import { faultText, momentText, orderText } from '../../faults/describe-schedule.ts';
import { victims } from '../../faults/processes.ts';
import { createRandom } from '../../faults/random.ts';
import { makeSchedule } from '../../faults/schedule.ts';

describe('random choices', () => {
  test('are those of their seed', () => {
    const take = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 20 }, () => random.between(1, 1_000));
    };
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  test('stay inside their bounds and reach them', () => {
    const random = createRandom(3);
    const drawn = new Set(Array.from({ length: 400 }, () => random.between(-2, 2)));
    expect([...drawn].sort((one, other) => one - other)).toEqual([-2, -1, 0, 1, 2]);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  test('follow their weights', () => {
    const random = createRandom(5);
    const drawn = Array.from({ length: 1_000 }, () => random.weighted([[9, 'often'] as const, [1, 'rarely'] as const]));
    expect(drawn.filter((word) => word === 'often').length).toBeGreaterThan(800);
    expect(drawn).toContain('rarely');
  });

  test('shuffling loses nothing', () => {
    const random = createRandom(11);
    const items = [1, 2, 3, 4, 5, 6, 7];
    const shuffled = random.shuffled(items);
    expect([...shuffled].sort()).toEqual(items);
    expect(random.shuffled(items)).not.toEqual(shuffled);
  });
});

describe('a schedule', () => {
  test('is that of its seed', () => {
    expect(makeSchedule({ orders: 50, seed: 42 })).toEqual(makeSchedule({ orders: 50, seed: 42 }));
    expect(makeSchedule({ orders: 50, seed: 42 })).not.toEqual(makeSchedule({ orders: 50, seed: 43 }));
  });

  test('has the orders that were asked for and faults that meet them', () => {
    const { orders, faults } = makeSchedule({ orders: 100, seed: 1 });
    expect(orders.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(faults).toHaveLength(120);
    for (const { order } of faults) expect(orders[order - 1]).toBeDefined();
  });

  test.each([1, 2, 3, 4, 5])('of 100 orders kills every process and holds every kind of bad luck: seed %i', (seed) => {
    const { orders, faults } = makeSchedule({ orders: 100, seed });
    const killed = new Set(faults.flatMap(({ fault }) => (fault.kind === 'kill' ? [fault.victim] : [])));
    expect([...killed].sort()).toEqual([...victims].sort());
    const kinds = new Set(faults.map(({ fault }) => fault.kind));
    const known = ['away', 'clock', 'cloud', 'forge', 'freeze', 'kill', 'smtp', 'stripe', 'webhooks'];
    expect([...kinds].sort()).toEqual(known);
    expect(new Set(orders.map(({ card }) => card)).size).toBe(7);
    expect(orders.some(({ cancel }) => cancel !== null)).toBe(true);
  });

  test('reads as sentences', () => {
    const { orders, faults } = makeSchedule({ orders: 200, seed: 9 });
    const lines = [...orders.map(orderText), ...faults.map(faultText), ...faults.map(({ at }) => momentText(at))];
    for (const line of lines) expect(line).not.toMatch(/undefined|NaN|\[object/);
  });
});
