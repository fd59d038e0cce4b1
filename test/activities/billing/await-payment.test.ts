import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { awaitPayment, expirePayment } from '../../../src/activities/billing/await-payment.ts';
import type { BillingPorts } from '../../../src/activities/billing/ports.ts';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { startCancelling } from '../../../src/activities/records/end-order.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import type { PaymentState } from '../../../src/payments/payment-state.ts';
import type { OrderRecord } from '../../../src/store/records.ts';
import { order as placeOrder, useApi } from '../../support/api.ts';

const api = useApi();

const hour = 3_600_000;
const paid: PaymentState = {
  ...{ kind: 'paid', amount: 3_509, outside: 0, paidUntil: new Date('2027-01-01'), invoice: undefined },
};
const open = (declines: number): Extract<PaymentState, { kind: 'open' }> => ({
  kind: 'open',
  declines,
  lastDecline: declines > 0 ? 'card_declined' : undefined,
  challenge: undefined,
});
/** An attempt that the bank asks its customer to confirm, and one that they did not. */
const asked = (method: string): PaymentState => ({
  ...open(0),
  challenge: { paymentMethodId: method, isRefused: false },
});
const refused = (method: string): PaymentState => ({
  ...open(0),
  lastDecline: 'payment_intent_authentication_failure',
  challenge: { paymentMethodId: method, isRefused: true },
});

/** The ports over the real store; Stripe's state comes from the test. */
function ports(look: () => PaymentState | Promise<PaymentState>, store = api.store): BillingPorts {
  return {
    store,
    gateway: { readPayment: async () => look() } as unknown as BillingPorts['gateway'],
    declineLimit: 8,
    holdAfterAttemptMs: 2 * hour,
    paymentReadMs: 30_000,
    paymentReadLaterMs: 300_000,
    renewalTimes: { renewalReadMs: 2 * hour, unpaidReadMs: 6 * hour },
  };
}

async function payable(): Promise<OrderRecord> {
  const { record } = await placeOrder(api);
  const payment = { customerId: 'cus_1', subscriptionId: `sub_${record._id}`, invoiceId: `in_${record._id}` };
  await api.store.orders.setPayment(record._id, payment);
  return { ...record, payment };
}

const refOf = ({ _id, instanceId, operationId }: OrderRecord) => ({ instanceId, orderId: _id, operationId });
const contextOf = (order: OrderRecord): StepContext => ({ ...refOf(order), step: 'await-payment', attempt: 1 });

function run(step: typeof awaitPayment, with_: BillingPorts, order: OrderRecord): Promise<void> {
  return new MockActivityEnvironment().run(step(with_), contextOf(order));
}

/** One run that reads this state from Stripe. */
function look(step: typeof awaitPayment, found: PaymentState, order: OrderRecord): Promise<void> {
  return run(
    step,
    ports(() => found),
    order,
  );
}

const states = async (order: OrderRecord) =>
  (await api.store.timeline.page(order.instanceId, 0, 100)).flatMap((event) =>
    event.type === 'order' ? [event.state] : [],
  );
const find = async (order: OrderRecord) => (await api.store.orders.find(order._id)) as OrderRecord;
const holdOf = (order: OrderRecord) => api.store.holds.find(order.quote.subject.name);
/** The state after half an hour without an attempt, and a sweep. */
async function loseHold(order: OrderRecord): Promise<void> {
  await api.store.holds.release(order.quote.subject.name, [order._id]);
}

describe('await payment', () => {
  test('takes a payment once, however often it runs and whatever was cut short', async () => {
    const order = await payable();
    await api.store.orders.move(order._id, { to: 'fulfilling' });
    await look(awaitPayment, paid, order);
    await look(awaitPayment, paid, order);
    expect(await find(order)).toMatchObject({ state: 'fulfilling', paid: 3_509 });
    expect(await holdOf(order)).toMatchObject({ holder: 'instance', holderId: order.instanceId, until: null });
    expect(await states(order)).toEqual(['fulfilling']);
  });

  test('a payment after the hold has ended takes the name again while it is free', async () => {
    const order = await payable();
    await loseHold(order);
    await look(awaitPayment, paid, order);
    expect(await holdOf(order)).toMatchObject({ holder: 'instance', holderId: order.instanceId });
  });

  test('a payment whose name somebody else has by now is not kept', async () => {
    const order = await payable();
    await loseHold(order);
    await api.store.holds.take({
      _id: order.quote.subject.name,
      holder: 'quote',
      holderId: 'quo_other',
      tokenHash: 'other',
      until: new Date(Date.now() + hour),
    });
    await expect(look(awaitPayment, paid, order)).rejects.toMatchObject({ code: 'hostname_taken' });
    expect(await holdOf(order)).toMatchObject({ holderId: 'quo_other' });
  });

  test('a declined attempt holds the name for longer, also one whose hold has ended', async () => {
    const order = await payable();
    await loseHold(order);
    await expect(look(awaitPayment, open(1), order)).rejects.toMatchObject({ code: 'declined_try_again' });
    const hold = await holdOf(order);
    expect(hold).toMatchObject({ holder: 'order', holderId: order._id });
    expect(hold!.until!.getTime()).toBeGreaterThan(Date.now() + 1.9 * hour);
    expect((await find(order)).declines).toBe(1);
  });

  test('a confirmation at the bank is told apart, extends the hold, and each refused one counts once as a try', async () => {
    const order = await payable();
    await loseHold(order);
    await expect(look(awaitPayment, asked('pm_1'), order)).rejects.toMatchObject({ code: 'confirmation_open' });
    expect((await holdOf(order))!.until!.getTime()).toBeGreaterThan(Date.now() + 1.9 * hour);
    expect((await find(order)).declines).toBe(0);
    for (let looks = 0; looks < 3; looks += 1) {
      await expect(look(awaitPayment, refused('pm_1'), order)).rejects.toMatchObject({ code: 'confirmation_refused' });
      expect((await find(order)).declines).toBe(1);
    }
    await expect(look(awaitPayment, open(1), order)).rejects.toMatchObject({ code: 'declined_try_again' });
    expect((await find(order)).declines).toBe(2);
    for (let tries = 1; tries < 6; tries += 1) {
      await expect(look(awaitPayment, refused(`pm_more_${tries}`), order)).rejects.toMatchObject({
        code: 'confirmation_refused',
      });
    }
    await expect(
      look(awaitPayment, { ...refused('pm_last'), declines: 1 } as PaymentState, order),
    ).rejects.toMatchObject({
      code: 'too_many_declines',
    });
  });

  test('the same decline of another attempt counts as another one, so that the timeline shows it', async () => {
    const order = await payable();
    for (const declines of [1, 2]) {
      const detail = `decline ${declines}: card_declined`;
      await expect(look(awaitPayment, open(declines), order)).rejects.toMatchObject({ detail });
    }
  });

  test('a declined attempt ends the order when somebody else has the name: nobody pays for nothing', async () => {
    const order = await payable();
    await loseHold(order);
    const other = { holder: 'quote' as const, holderId: 'quo_x', tokenHash: 'x', until: new Date(Date.now() + hour) };
    await api.store.holds.take({ _id: order.quote.subject.name, ...other });
    await expect(look(awaitPayment, open(1), order)).rejects.toMatchObject({ code: 'hostname_taken' });
    expect(await find(order)).toMatchObject({ state: 'cancelling', reason: 'hostname_taken' });
  });

  test('the eighth decline ends the order, even when it was counted by a worker that died then', async () => {
    const order = await payable();
    await api.store.orders.setDeclines(order._id, 8);
    await expect(look(awaitPayment, open(8), order)).rejects.toMatchObject({ code: 'too_many_declines' });
    expect(await find(order)).toMatchObject({ state: 'cancelling', reason: 'too_many_declines', declines: 8 });
  });

  test('a read overtaken by cancel and settlement changes neither the payment nor the name', async () => {
    const order = await payable();
    const overtaken = ports(async () => {
      const journal = createJournal(api.store);
      await startCancelling({ store: api.store, journal, holdMs: hour })(refOf(order), 'cancelled_by_customer');
      await api.store.orders.setMoney(order._id, { paid: 3_509, refunded: 3_509 });
      await api.store.holds.release(order.quote.subject.name, [order._id, order.instanceId]);
      return paid;
    });
    await expect(run(awaitPayment, overtaken, order)).rejects.toMatchObject({ code: 'cancelled_by_customer' });
    expect(await find(order)).toMatchObject({ state: 'cancelling', paid: 3_509, refunded: 3_509 });
    expect(await holdOf(order)).toBeNull();
  });

  test.each([
    ['declined', open(1)],
    ['paid', paid],
    ['being confirmed by the bank', { kind: 'processing' } as PaymentState],
  ])(
    'a read overtaken by a cancel that has released the name does not keep it, when the payment is %s',
    async (_, state) => {
      const order = await payable();
      const { name } = order.quote.subject;
      const overtaken = ports(async () => {
        const journal = createJournal(api.store);
        await startCancelling({ store: api.store, journal, holdMs: hour })(refOf(order), 'cancelled_by_customer');
        await api.store.holds.release(name, [order._id, order.instanceId]);
        return state;
      });
      await expect(run(awaitPayment, overtaken, order)).rejects.toMatchObject({ code: 'cancelled_by_customer' });
      expect(await api.store.holds.find(name)).toBeNull();
    },
  );

  test('a payment that is processing is waited for, keeps the name and is told as such', async () => {
    const order = await payable();
    await loseHold(order);
    await expect(look(awaitPayment, { kind: 'processing' }, order)).rejects.toMatchObject({
      ...{ code: 'payment_processing', retryAfterMs: 30_000 },
    });
    expect((await holdOf(order))!.until!.getTime()).toBeGreaterThan(Date.now() + 1.9 * hour);
    expect((await find(order)).state).toBe('awaiting_payment');
  });

  test('a guest’s payment for an account that was closed meanwhile is not kept', async () => {
    const order = await payable();
    const account = (await api.store.accounts.find(order.accountId))!;
    await api.store.accounts.change(account._id, () => ({ closingAt: new Date() }));
    await expect(look(awaitPayment, paid, order)).rejects.toMatchObject({ code: 'not_paid_yet' });
    await api.store.accounts.change(account._id, () => ({ closingAt: undefined }));
    await look(awaitPayment, paid, order);
    expect(await states(order)).toEqual(['fulfilling']);

    const gone = await payable();
    await api.store.accounts.remove(gone.accountId, () => undefined);
    await expect(look(awaitPayment, paid, gone)).rejects.toMatchObject({ code: 'account_closed' });
    expect(await find(gone)).toMatchObject({ state: 'cancelling', reason: 'account_closed' });
    expect(await states(gone)).toEqual(['cancelling']);
  });

  test('a guest’s hold that has ended is taken again for their account by nobody', async () => {
    const order = await payable();
    await loseHold(order);
    await expect(look(awaitPayment, open(1), order)).rejects.toMatchObject({ code: 'declined_try_again' });
    expect((await holdOf(order))?.accountId).toBeUndefined();
  });

  test('two concurrent reads start the fulfilment once', async () => {
    const order = await payable();
    await Promise.all([1, 2, 3].map(() => look(awaitPayment, paid, order)));
    expect(await states(order)).toEqual(['fulfilling']);
  });
});

describe('the deadline of the payment', () => {
  test('lets a payment that won go on, and ends the order otherwise', async () => {
    const [won, lost] = [await payable(), await payable()];
    await look(expirePayment, paid, won);
    expect((await find(won)).state).toBe('fulfilling');
    await expect(look(expirePayment, open(0), lost)).rejects.toMatchObject({ code: 'payment_expired' });
    expect(await find(lost)).toMatchObject({ state: 'cancelling', reason: 'payment_expired' });
  });

  test('lets a payment that the bank has not answered yet come to its end', async () => {
    const order = await payable();
    const deadline = look(expirePayment, { kind: 'processing' }, order);
    await expect(deadline).rejects.toMatchObject({ code: 'payment_processing', retryAfterMs: 300_000 });
    expect((await find(order)).state).toBe('awaiting_payment');
    await look(expirePayment, paid, order);
    expect((await find(order)).state).toBe('fulfilling');
  });
});

test('two orders that pay for one name: exactly one owns it, and the release of the other leaves it alone', async () => {
  const first = await payable();
  const second = await payable();
  // The second order was placed for the same name after the first one's hold had expired.
  const quote = { ...second.quote, subject: { ...second.quote.subject, name: first.quote.subject.name } };
  await api.store.orders.model.updateOne({ _id: second._id }, { $set: { quote } });
  await loseHold(first);
  const results = await Promise.allSettled([first, second].map((each) => look(awaitPayment, paid, each)));
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const [winner, loser] = results[0]!.status === 'fulfilled' ? [first, second] : [second, first];
  await api.store.holds.release(first.quote.subject.name, [loser._id, loser.instanceId, loser.quoteId]);
  expect(await api.store.holds.find(first.quote.subject.name)).toMatchObject({ holderId: winner.instanceId });
});
