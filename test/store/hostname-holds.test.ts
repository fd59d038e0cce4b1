import { describe, expect, test } from '@jest/globals';
import type { HostnameHold } from '../../src/store/hostname-holds.ts';
import { useStore } from '../support/store.ts';

const store = useStore();

const later = () => new Date(Date.now() + 60_000);
const past = () => new Date(Date.now() - 1);
let names = 0;
function hold(change: Partial<HostnameHold> = {}): HostnameHold {
  names += 1;
  return {
    _id: `name-${names}`,
    holder: 'quote',
    holderId: `quo_${names}`,
    tokenHash: `token-${names}`,
    until: later(),
    ...change,
  };
}

describe('a name', () => {
  test('goes to exactly one of many who take it at once', async () => {
    const { _id } = hold();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, taker) =>
        store.holds.take(hold({ _id, holderId: `q${taker}`, tokenHash: `t${taker}` })),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'held_by_other')).toHaveLength(19);
  });

  test('goes from quote to order to instance, and is never taken from an instance', async () => {
    const quote = hold();
    const order = { ...quote, holder: 'order' as const, holderId: 'ord_1' };
    expect(await store.holds.take(quote)).toBe('held');
    expect(await store.holds.take(order)).toBe('held');
    expect(await store.holds.take(order)).toBe('held');
    expect(await store.holds.take(quote)).toBe('held_by_own_order');
    expect(await store.holds.take(hold({ _id: quote._id }))).toBe('held_by_other');
    expect(await store.holds.own(quote._id, 'ord_other', 'i1')).toBe(false);
    expect(await store.holds.own(quote._id, 'ord_1', 'i1')).toBe(true);
    expect(await store.holds.own(quote._id, 'ord_1', 'i1')).toBe(true);
    expect(await store.holds.take(order)).toBe('taken_by_instance');
    expect(await store.holds.find(quote._id)).toMatchObject({ holder: 'instance', holderId: 'i1', until: null });
  });

  test('whose hold has ended is free again', async () => {
    const ended = hold({ until: past() });
    await store.holds.take(ended);
    const other = hold({ _id: ended._id });
    expect(await store.holds.take(other)).toBe('held');
    expect(await store.holds.take(ended)).toBe('held_by_other');
  });

  test('is extended and released by its holder alone', async () => {
    const mine = hold();
    await store.holds.take(mine);
    expect(await store.holds.extend(mine._id, 'somebody', later())).toBe(false);
    expect(await store.holds.extend(mine._id, mine.holderId, later())).toBe(true);
    await store.holds.release(mine._id, ['somebody']);
    expect(await store.holds.find(mine._id)).not.toBeNull();
    await store.holds.release(mine._id, ['somebody', mine.holderId]);
    expect(await store.holds.find(mine._id)).toBeNull();
  });
});

test('a hold that is extended never ends earlier than before', async () => {
  const mine = hold({ until: later() });
  await store.holds.take(mine);
  expect(await store.holds.extend(mine._id, mine.holderId, new Date(Date.now() + 1_000))).toBe(true);
  expect((await store.holds.find(mine._id))?.until).toEqual(mine.until);
  const longer = new Date(mine.until!.getTime() + 1_000);
  await store.holds.extend(mine._id, mine.holderId, longer);
  expect((await store.holds.find(mine._id))?.until).toEqual(longer);
});

describe('holds', () => {
  test('of one cart end but for the one it keeps, and an order of it stays', async () => {
    const tokenHash = 'one-cart';
    const [first, second, ordered] = [hold({ tokenHash }), hold({ tokenHash }), hold({ tokenHash, holder: 'order' })];
    for (const each of [first, second, ordered]) await store.holds.take(each);
    await store.holds.releaseOthers(tokenHash, second._id);
    expect(await store.holds.find(first._id)).toBeNull();
    expect(await store.holds.find(second._id)).not.toBeNull();
    expect(await store.holds.find(ordered._id)).not.toBeNull();
  });

  test('count while they are open and belong to no instance', async () => {
    const accountId = 'acc_count';
    const [first, second] = [hold({ accountId }), hold({ accountId })];
    for (const each of [first, second, hold({ accountId, until: past() })]) await store.holds.take(each);
    const owned = hold({ accountId, holderId: 'ord_9' });
    await store.holds.take(owned);
    await store.holds.own(owned._id, 'ord_9', 'i9');
    expect(await store.holds.isWithin(2, first._id, { accountId })).toBe(true);
    expect(await store.holds.isWithin(1, second._id, { accountId })).toBe(false);
  });

  test('of takers at once stay within the limit, and the limit is reached', async () => {
    const accountId = 'acc_race';
    const takers = Array.from({ length: 30 }, () => hold({ accountId }));
    const outcomes = await Promise.all(
      takers.map(async (taker) => {
        await store.holds.take(taker);
        const isWithin = await store.holds.isWithin(5, taker._id, { accountId });
        if (!isWithin) await store.holds.release(taker._id, [taker.holderId]);
        return isWithin;
      }),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(5);
    expect(await store.holds.model.countDocuments({ accountId })).toBe(5);
  });

  test('that have ended pass nothing on to the next holder', async () => {
    const ended = hold({ accountId: 'acc_before', ip: '192.0.2.1', until: past() });
    await store.holds.take(ended);
    const guest = hold({ _id: ended._id });
    await store.holds.take(guest);
    const found = await store.holds.find(ended._id);
    expect([found?.holderId, found?.accountId, found?.ip]).toEqual([guest.holderId, undefined, undefined]);
  });

  test('of a cart can be counted for an account, and no more', async () => {
    const { _id: name, tokenHash } = hold();
    await store.holds.take(hold({ _id: name, tokenHash }));
    const before = (await store.holds.find(name))!;
    expect(await store.holds.assign(name, { tokenHash: 'other', accountId: 'acc_1' })).toBe(false);
    expect(await store.holds.assign(name, { tokenHash, accountId: 'acc_1' })).toBe(true);
    expect((await store.holds.find(name))?.accountId).toBe('acc_1');
    await store.holds.unassign(name, before);
    expect(await store.holds.find(name)).toEqual(before);
  });

  test('that have ended are removed, those of instances never', async () => {
    await store.holds.removeExpired();
    const ended = hold({ until: past() });
    await store.holds.take(ended);
    const owned = hold({ holderId: 'ord_8' });
    await store.holds.take(owned);
    await store.holds.own(owned._id, 'ord_8', 'i8');
    expect(await store.holds.removeExpired()).toBe(1);
    expect(await store.holds.find(owned._id)).not.toBeNull();
  });
});
