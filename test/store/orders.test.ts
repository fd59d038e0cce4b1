import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/runtime/new-id.ts';
import { isDuplicateKey } from '../../src/store/duplicate-key.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { bringOrder } from '../support/bring-order.ts';
import { useStore } from '../support/store.ts';

const store = useStore();

function row(change: Partial<OrderRecord> = {}): OrderRecord {
  const quoteId = newId.quote();
  return {
    _id: newId.order(),
    quoteId,
    idempotencyScope: 'cart:x',
    idempotencyKey: newId.request(),
    bodyHash: 'hash',
    cartHash: 'hash',
    accountId: 'acc_1',
    instanceId: newId.instance(),
    operationId: newId.operation(),
    capabilityHash: 'hash',
    state: 'awaiting_payment',
    quote: { id: quoteId, name: 'a', addOns: {}, lines: [] } as unknown as OrderRecord['quote'],
    paymentMethod: 'card',
    adminEmail: 'ada@example.com',
    billingEmail: 'ada@example.com',
    billing: { name: 'Ada', country: 'ES' },
    invoiceIds: [],
    declines: 0,
    paid: 0,
    refunded: 0,
    createdAt: new Date(),
    ...change,
  };
}

async function refused(order: OrderRecord): Promise<boolean> {
  return store.orders.insert(order).then(
    () => false,
    (error) => isDuplicateKey(error),
  );
}

describe('orders', () => {
  test('come back as they were given', async () => {
    const order = row();
    await store.orders.insert(order);
    expect(await store.orders.find(order._id)).toMatchObject({ ...order });
    expect(await store.orders.find('ord_none')).toBeNull();
  });

  test('are one per quote, and one per Idempotency-Key within its scope', async () => {
    const order = row();
    await store.orders.insert(order);
    expect(await refused(row({ quoteId: order.quoteId }))).toBe(true);
    expect(await refused(row({ idempotencyKey: order.idempotencyKey }))).toBe(true);
    expect(await refused(row({ idempotencyKey: order.idempotencyKey, idempotencyScope: 'cart:y' }))).toBe(false);
    const rows = Array.from({ length: 10 }, () => row({ quoteId: 'quo_race' }));
    const outcomes = await Promise.all(rows.map(refused));
    expect(outcomes.filter((duplicate) => !duplicate)).toHaveLength(1);
  });

  test('change their state by compare-and-set: of many who move one, one does', async () => {
    const order = row();
    await store.orders.insert(order);
    const moves = await Promise.all(
      Array.from({ length: 8 }, (_, mover) =>
        store.orders.move(order._id, { from: 'awaiting_payment', to: mover % 2 === 0 ? 'fulfilling' : 'cancelling' }),
      ),
    );
    expect(moves.filter(Boolean)).toHaveLength(1);
    expect(await store.orders.move(order._id, { from: 'awaiting_payment', to: 'cancelling' })).toBe(false);
  });

  test('go to no state that may not follow theirs', async () => {
    const order = row();
    await store.orders.insert(order);
    expect(await store.orders.move(order._id, { to: 'fulfilled' })).toBe(false);
    expect(await store.orders.move(order._id, { to: 'cancelled' })).toBe(false);
    expect(await store.orders.find(order._id)).toMatchObject({ state: 'awaiting_payment' });
  });

  test('are stamped when they end', async () => {
    const order = row();
    await store.orders.insert(order);
    await bringOrder(store, order._id, { to: 'expired', reason: 'payment_expired' });
    const ended = await store.orders.find(order._id);
    expect(ended).toMatchObject({ state: 'expired', reason: 'payment_expired', endedAt: expect.any(Date) });
  });

  test('are found by their objects at Stripe', async () => {
    const order = row();
    await store.orders.insert(order);
    await store.orders.setPayment(order._id, {
      customerId: 'c',
      subscriptionId: 'sub_9',
      invoiceId: 'i',
      paymentIntentId: 'pi_9',
    });
    expect((await store.orders.findByPayment({ subscriptionId: 'sub_9' }))?._id).toBe(order._id);
    expect((await store.orders.findByPayment({ subscriptionId: 'sub_no', paymentIntentId: 'pi_9' }))?._id).toBe(
      order._id,
    );
    expect(await store.orders.findByPayment({ paymentIntentId: 'pi_no' })).toBeNull();
    expect(await store.orders.findByPayment({})).toBeNull();
  });

  test('without a workflow are found by the sweep, and removed only while nothing runs', async () => {
    const [waiting, started, ended] = [row(), row(), row()];
    for (const order of [waiting, started, ended]) await store.orders.insert(order);
    await store.orders.markStarted(started._id);
    await bringOrder(store, ended._id, { to: 'cancelled' });
    const found = (await store.orders.notStarted(-1_000)).map(({ _id }) => _id);
    expect(found).toContain(waiting._id);
    expect(found).not.toContain(started._id);
    expect(found).not.toContain(ended._id);
    expect(await store.orders.notStarted(60_000)).toEqual([]);
    // Like an order that was placed while the clock was an hour ahead.
    const later = { $set: { createdAt: new Date(Date.now() + 3_600_000) } };
    await store.orders.model.updateOne({ _id: waiting._id }, later);
    expect(await store.orders.notStarted(60_000)).toMatchObject([{ _id: waiting._id }]);

    for (const order of [waiting, started, ended]) await store.orders.remove(order._id);
    expect(await store.orders.find(waiting._id)).toBeNull();
    expect(await store.orders.find(started._id)).not.toBeNull();
    expect(await store.orders.find(ended._id)).not.toBeNull();
  });

  test('count declines upwards alone', async () => {
    const order = row();
    await store.orders.insert(order);
    await store.orders.setDeclines(order._id, 3);
    await store.orders.setDeclines(order._id, 2);
    await store.orders.setMoney(order._id, { paid: 100, refunded: 40 });
    expect(await store.orders.find(order._id)).toMatchObject({ declines: 3, paid: 100, refunded: 40 });
  });

  test('are listed by account and state, newest first', async () => {
    const accountId = 'acc_list';
    const rows = [0, 1, 2].map((age) => row({ accountId, createdAt: new Date(Date.now() - age * 1_000) }));
    for (const order of [...rows].reverse()) await store.orders.insert(order);
    await store.orders.move(rows[1]?._id ?? '', { to: 'fulfilling' });
    expect((await store.orders.list({ accountId }, 10)).map(({ _id }) => _id)).toEqual(rows.map(({ _id }) => _id));
    expect(await store.orders.list({ accountId }, 1)).toHaveLength(1);
    expect(await store.orders.list({ accountId, state: 'fulfilling' }, 10)).toMatchObject([{ _id: rows[1]?._id }]);
    expect(await store.orders.list({ accountId: undefined as unknown as string }, 10)).toEqual([]);
  });
});
