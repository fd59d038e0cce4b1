import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Mismatch } from '../../src/contracts/fleet.ts';
import { useStore } from '../support/store.ts';

const store = useStore();
beforeEach(async () => {
  await store.tickets.model.deleteMany({});
});

const mismatch: Mismatch = {
  kind: 'hold_left',
  subject: 'acme',
  orderId: 'ord_0123456789abcdef',
  repair: 'release_hold',
};
/** Start times of passes, long ago, in this order. */
const longAgo = Date.now() - 1_000_000;
const pass = (number: number) => new Date(longAgo + number * 1_000);
const only = async () => (await store.tickets.newest({}, { limit: 10 })).items[0]!;

describe('a ticket', () => {
  test('is one per kind and subject, however often and by however many it is seen', async () => {
    await Promise.all(Array.from({ length: 5 }, () => store.tickets.note(mismatch, pass(1))));
    await store.tickets.note(mismatch, pass(2));
    await store.tickets.note({ ...mismatch, kind: 'stack_left' }, pass(2));
    expect((await store.tickets.newest({ state: 'open' }, { limit: 10 })).items).toHaveLength(2);
    expect(await store.tickets.openOrders()).toEqual([mismatch.orderId, mismatch.orderId]);
  });

  test('closes when a pass does not see it, and opens again when it comes back', async () => {
    await store.tickets.note(mismatch, pass(1));
    expect(await store.tickets.closeGone(['hold_left'], pass(1))).toBe(0);
    expect(await store.tickets.closeGone(['stack_left'], pass(2))).toBe(0);
    expect(await store.tickets.closeGone(['hold_left'], pass(2))).toBe(1);
    expect(await only()).toMatchObject({ closedBy: null, closedAt: expect.any(Date) });
    expect(await store.tickets.note(mismatch, pass(3))).not.toBeNull();
    expect(await only()).toMatchObject({ closedAt: null, repairedAt: null });
  });

  test('stays while its order or instance is in motion', async () => {
    await store.tickets.note(mismatch, pass(1));
    await store.tickets.keep([mismatch.orderId!], pass(2));
    expect(await store.tickets.closeGone(['hold_left'], pass(2))).toBe(0);
  });

  test('is open again when its repair did not hold', async () => {
    await store.tickets.note(mismatch, pass(1));
    expect(await store.tickets.markRepaired(mismatch)).toMatchObject({ repairs: 1 });
    expect((await store.tickets.newest({ state: 'repaired' }, { limit: 10 })).items).toHaveLength(1);
    expect(await store.tickets.note(mismatch, new Date(Date.now() + 1_000))).not.toBeNull();
    expect((await store.tickets.newest({ state: 'open' }, { limit: 10 })).items).toHaveLength(1);
    expect(await only()).toMatchObject({ repairs: 1, repairedAt: null });
  });

  test('that somebody closed stays closed until the mismatch was gone once', async () => {
    await store.tickets.note(mismatch, pass(1));
    const { _id } = await only();
    expect(await store.tickets.close(_id, 'operator:ada')).toMatchObject({ closedBy: 'operator:ada' });
    expect(await store.tickets.close(_id, 'operator:bob')).toBeNull();
    expect(await store.tickets.note(mismatch, pass(2))).toBeNull();
    await store.tickets.closeGone(['hold_left'], pass(3));
    expect(await store.tickets.note(mismatch, pass(4))).not.toBeNull();
    expect((await store.tickets.newest({ state: 'open', kind: 'hold_left' }, { limit: 10 })).items).toHaveLength(1);
  });
});
