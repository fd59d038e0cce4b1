import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sweepOnce } from '../../src/api/orders/sweeps.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import type { InstanceStatus, OrderState } from '../../src/contracts/states.ts';
import {
  codeOf,
  enterWithCode,
  freshName,
  notedWorkflows,
  operatorToken,
  order,
  orderBody,
  quote,
  signIn,
  startApi,
  type TestApi,
  useApi,
} from '../support/api.ts';
import { bringOrder } from '../support/bring-order.ts';
import { instanceRecord, named } from '../support/instance-record.ts';
import { accept, type Browser, found, invite, join, linkTokenFor } from '../support/members.ts';
import { until } from '../support/until.ts';

const api = useApi();
/** A second process on the same records. */
let other: TestApi;

beforeAll(async () => {
  other = await startApi(api.databaseUri);
});

afterAll(async () => {
  await other.close();
});

const close = (by: Browser, confirm: string, on = api) =>
  on.call('POST', '/v1/account/close', { headers: { ...by }, body: { confirm } });
const preview = (by: Browser) => api.call('GET', '/v1/account/closing', { headers: { ...by } });

async function orderAs(by: Browser, on = api) {
  const body = orderBody(await quote(on));
  return on.call('POST', '/v1/orders', { headers: { ...by, 'idempotency-key': freshName() }, body });
}

/** An order of the member in this final state, as its workflow leaves it. */
async function endedOrder(by: Browser, state: OrderState): Promise<{ id: string; instanceId: string }> {
  const answer = await orderAs(by);
  const record = await api.store.orders.find(answer.body.id);
  await bringOrder(api.store, answer.body.id, { to: state });
  return { id: answer.body.id, instanceId: record?.instanceId ?? '' };
}

describe('L68: closing an account', () => {
  test.each(['requested', 'provisioning', 'ready', 'suspended', 'terminating'] as const satisfies InstanceStatus[])(
    'is refused while a server is %s, which it names',
    async (status) => {
      const { browser, email, accountId } = await found(api);
      const { id: orderId, instanceId: _id } = await endedOrder(browser, 'fulfilled');
      const hostname = `${freshName()}.local.freehold.localhost`;
      await api.store.instances.insert(instanceRecord({ _id, accountId, orderId, desired: named(hostname), status }));
      const answer = await close(browser, email);
      expect([answer.status, codeOf(answer)]).toEqual([409, 'account_in_use']);
      expect(answer.body.detail).toBe(`server ${hostname} (${status})`);
      const { body } = await preview(browser);
      expect(body).toMatchObject({ canClose: false, blockedBy: { instances: [{ id: _id, hostname, status }] } });
      // The failed attempt leaves nothing behind: the account can order again.
      expect((await orderAs(browser)).status).toBe(202);
    },
  );

  test('is refused while an order is open, until it has ended', async () => {
    const { browser, email } = await found(api);
    const answer = await orderAs(browser);
    const refused = await close(browser, email);
    expect([codeOf(refused), refused.body.detail]).toEqual([
      'account_in_use',
      `order ${answer.body.id} (awaiting_payment)`,
    ]);
    await bringOrder(api.store, answer.body.id, { to: 'settling' });
    expect(codeOf(await close(browser, email))).toBe('account_in_use');
    await api.store.orders.move(answer.body.id, { to: 'cancelled' });
    expect((await close(browser, email)).status).toBe(200);
  });

  test('is not held up by a guest who orders for its address and does not pay', async () => {
    const { browser, email } = await found(api);
    const unpaid = await order(api, { billingEmail: email });
    await until(async () => (await api.store.orders.find(unpaid.record._id))?.startedAt);
    // As its workflow's first step does.
    const { _id: orderId, instanceId, accountId } = unpaid.record;
    await api.store.instances.insert(instanceRecord({ _id: instanceId, accountId, orderId, status: 'provisioning' }));
    const nothing = { orders: [], instances: [] };
    expect((await preview(browser)).body).toMatchObject({ canClose: true, blockedBy: nothing });
    await api.store.orders.move(unpaid.record._id, { to: 'fulfilling' });
    expect(codeOf(await close(browser, email))).toBe('account_in_use');
    await bringOrder(api.store, unpaid.record._id, { to: 'cancelled' });
    await api.store.instances.update(instanceId, { status: 'aborted' });

    const later = await order(api, { billingEmail: email });
    await until(async () => (await api.store.orders.find(later.record._id))?.startedAt);
    expect((await close(browser, email)).status).toBe(200);
    expect(await api.store.orders.find(later.record._id)).toMatchObject({ state: 'awaiting_payment' });
  });

  test('sees its own server behind any number of unpaid orders of guests', async () => {
    const { browser, email, accountId } = await found(api);
    const { id: orderId, instanceId: mine } = await endedOrder(browser, 'fulfilled');
    await api.store.instances.insert(instanceRecord({ _id: mine, accountId, orderId, status: 'ready' }));
    const { record } = await order(api, { billingEmail: email });
    const { model } = api.store.orders;
    const row = await model.findById(record._id).lean();
    const guests = Array.from({ length: 120 }, (_, index) => {
      const ids = { _id: `${record._id}${index}`, instanceId: `${mine}${index}`, operationId: `op_${mine}${index}` };
      const once = { quoteId: `${record.quoteId}${index}`, accessHash: `hash ${index}`, idempotencyKey: ids._id };
      return { ...row, ...ids, ...once, startedAt: new Date() };
    });
    await model.collection.insertMany(guests as never[]);
    await api.store.instances.model.collection.insertMany(
      guests.map((guest) =>
        instanceRecord({ _id: guest.instanceId, accountId, orderId: guest._id, status: 'provisioning' }),
      ) as never[],
    );
    await until(async () => (await api.store.orders.find(record._id))?.startedAt);
    const { blockedBy } = (await preview(browser)).body;
    expect([blockedBy.instances.map(({ id }: { id: string }) => id), blockedBy.orders]).toEqual([[mine], []]);
  });

  test('is for who types its address, and for administrators', async () => {
    const { browser, email } = await found(api);
    const payer = (await join(api, browser, 'closing-payer@example.com', ['payer'])).browser;
    expect(codeOf(await close(payer, email))).toBe('not_allowed');
    expect(codeOf(await close(browser, 'somebody@example.com'))).toBe('invalid_request');
    expect((await close(browser, ` ${email.toUpperCase()} `)).status).toBe(200);
  });

  test('ends members, sessions, invitations and tokens, frees the address, and keeps orders with their bills', async () => {
    const { browser, email, accountId } = await found(api);
    const { id: orderId, instanceId: _id } = await endedOrder(browser, 'fulfilled');
    await api.store.instances.insert(instanceRecord({ _id, accountId, orderId, status: 'terminated' }));
    await api.store.orders.setMoney(orderId, { paid: 12_100, refunded: 0 });
    const member = await join(api, browser, 'closing-member@example.com');
    await invite(api, browser, 'closing-invited@example.com');
    const before = await api.store.orders.find(orderId);
    expect((await preview(browser)).body).toEqual({
      canClose: true,
      blockedBy: { instances: [], orders: [] },
      ends: { members: 2, invitations: 1 },
      keeps: { orders: 1 },
    });

    const closed = await close(browser, email);
    expect([closed.status, closed.body.keeps]).toEqual([200, { orders: 1 }]);

    for (const gone of [browser, member.browser]) {
      expect((await api.call('GET', '/v1/me', { headers: { ...gone } })).status).toBe(401);
      const token = await api.call('POST', '/v1/me/licence-token', { headers: { ...gone } });
      expect(codeOf(token)).toBe('not_signed_in');
    }
    expect(await api.store.sessions.model.countDocuments({ accountId })).toBe(0);
    expect(codeOf(await accept(api, linkTokenFor(api, 'closing-invited@example.com')))).toBe('invitation_invalid');
    expect(await api.store.accounts.find(accountId)).toBeNull();

    expect(await api.store.orders.find(orderId)).toEqual(before);
    const headers = { authorization: `Bearer ${operatorToken}` };
    const kept = await api.call('GET', `/v1/operator/orders/${orderId}`, { headers });
    expect(kept.body).toMatchObject({ id: orderId, accountId });
    const traces = await api.call('GET', `/v1/operator/accounts/${accountId}`, { headers });
    expect([traces.body.account, traces.body.audit[0].action]).toEqual([null, 'close-account']);
    const entries = await api.store.audit.of(accountId);
    expect(entries.at(-1)).toMatchObject({
      action: 'close-account',
      before: { members: 2, invitations: 1 },
      after: { orders: 1 },
      requestId: closed.headers.get('x-request-id'),
    });

    const anew = await signIn(api, email);
    const { body } = await api.call('GET', '/v1/me', { headers: { ...anew } });
    expect(body.account.id).not.toBe(accountId);
    expect(body.accounts).toHaveLength(1);
    expect((await api.call('GET', `/v1/orders/${orderId}`, { headers: { ...anew } })).status).toBe(404);
    const guest = await order(api, { billingEmail: email });
    expect(guest.record.accountId).toBe(body.account.id);
  });

  test('and ordering at the same time: one of the two gives way, never both win', async () => {
    for (let round = 0; round < 12; round += 1) {
      const { browser, email, accountId } = await found(api);
      const quotes = await Promise.all(Array.from({ length: 4 }, () => quote(api)));
      const [closed, ...orders] = await Promise.all([
        close(browser, email),
        ...quotes.map((each, place) =>
          [api, other][place % 2]?.call('POST', '/v1/orders', {
            body: orderBody(each, { billingEmail: email }),
            headers: { 'idempotency-key': freshName() },
          }),
        ),
      ]);
      // The started orders of guests end by their workflows.
      const open = (await api.store.orders.open(accountId)).filter(({ startedAt }) => !startedAt);
      const isClosed = (await api.store.accounts.find(accountId)) === null;
      expect(isClosed).toBe(closed?.status === 200);
      if (isClosed) expect(open).toEqual([]);
      else expect(codeOf(closed)).toBe('account_in_use');
      for (const answer of orders) {
        if (answer?.status === 202) continue;
        expect(answer && codeOf(answer)).toBe('account_closed');
      }
    }
  });

  test('that was cut short stops orders for a minute and no longer', async () => {
    const { browser, accountId } = await found(api);
    const mark = (closingAt: Date) => api.store.accounts.change(accountId, () => ({ closingAt }));
    await mark(new Date());
    const refused = await orderAs(browser);
    expect([refused.status, codeOf(refused)]).toEqual([409, 'account_closed']);
    expect(await api.store.orders.open(accountId)).toEqual([]);
    await mark(new Date(Date.now() - 60_001));
    expect((await orderAs(browser)).status).toBe(202);
    expect((await api.store.accounts.find(accountId))?.closingAt).toBeUndefined();
  });

  describe('and an order that was left without its workflow', () => {
    /** An API whose order starts are held back, with one accepted order. */
    async function leftOrder(by: Browser) {
      let down = true;
      let tries = 0;
      const started: string[] = [];
      const { workflows } = notedWorkflows({
        startInstance: async ({ _id }) => {
          tries += 1;
          if (down) throw new ReasonError('workflow_unreachable');
          started.push(_id);
        },
      });
      const late = await startApi(api.databaseUri, { workflows, config: { FREEHOLD_START_SWEEP_MS: 1 } });
      const body = orderBody(await quote(late));
      const headers = { ...by, 'idempotency-key': freshName() };
      const send = () => late.call('POST', '/v1/orders', { headers, body });
      const accepted = await send();
      expect(accepted.status).toBe(202);
      await until(() => tries > 0);
      down = false;
      const row = await api.store.orders.find(accepted.body.id);
      if (!row) throw new Error('the order does not stand');
      return { late, row, started, send };
    }

    test('nothing is kept of it when the account is gone, and it never starts', async () => {
      const { browser, accountId } = await found(api);
      const { late, row, started } = await leftOrder(browser);
      try {
        expect((await api.store.holds.find(row.quote.subject.name))?.holderId).toBe(row._id);
        // As when the row was inserted after the closing had checked, and its request died before its own check.
        await api.store.orders.model.updateOne({ _id: row._id }, { $unset: { acceptedAt: 1 } });
        await api.store.accounts.remove(accountId, () => {});
        await sweepOnce(late.deps);
        expect(started).not.toContain(row._id);
        expect(await api.store.orders.find(row._id)).toBeNull();
        expect(await api.store.holds.find(row.quote.subject.name)).toBeNull();
      } finally {
        await late.close();
      }
    });

    test('it waits while the account is being closed, and starts when that was given up', async () => {
      const { browser, accountId } = await found(api);
      const { late, row, started, send } = await leftOrder(browser);
      const mark = (closingAt: Date | undefined) => api.store.accounts.change(accountId, () => ({ closingAt }));
      try {
        await mark(new Date());
        await sweepOnce(late.deps);
        const path = `/v1/orders/${row._id}/cancel`;
        const cancelled = await late.call('POST', path, { headers: { ...browser } });
        expect([await send(), cancelled].map(codeOf)).toEqual(['account_closed', 'account_closed']);
        expect(started).not.toContain(row._id);
        expect((await api.store.holds.find(row.quote.subject.name))?.holderId).toBe(row._id);
        await mark(undefined);
        await sweepOnce(late.deps);
        expect(started).toContain(row._id);
      } finally {
        await late.close();
      }
    });
  });

  test('of one account leaves the member their others', async () => {
    const [own, host] = [await found(api), await found(api)];
    await join(api, host.browser, own.email);
    expect((await close(own.browser, own.email)).status).toBe(200);
    const signedIn = await enterWithCode(api, { email: own.email });
    expect(signedIn.body.account.id).toBe(host.accountId);
  });
});
