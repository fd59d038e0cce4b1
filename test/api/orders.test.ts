import { describe, expect, test } from '@jest/globals';
import { payerOf } from '../../src/activities/billing/create-subscription.ts';
import { requireSameRequest } from '../../src/api/operations/require-same-request.ts';
import { sweepOnce } from '../../src/api/orders/sweeps.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { signQuote } from '../../src/domain/billing/quote-signature.ts';
import { customerKeyOf } from '../../src/payments/customers.ts';
import {
  cart,
  codeFor,
  codeOf,
  cookieOf,
  freshName,
  notedWorkflows,
  order,
  orderBody,
  quote,
  signIn,
  startApi,
  useApi,
} from '../support/api.ts';
import { bringOrder } from '../support/bring-order.ts';
import { until } from '../support/until.ts';

const { workflows, calls } = notedWorkflows();

const api = useApi({ workflows, config: { FREEHOLD_PAYMENT_POLL_MS: 400 } });

const postOrder = (body: unknown, key: string | undefined = freshName(), headers: Record<string, string> = {}) =>
  api.call('POST', '/v1/orders', { body, headers: { ...(key ? { 'idempotency-key': key } : {}), ...headers } });

describe('an order', () => {
  test('goes to the address as the mail system writes it, and its owner signs in as they type it', async () => {
    const typed = ' ana@bücher.example ';
    const { record } = await order(api, { adminEmail: typed, billingEmail: 'Sales&Billing@Example.com' });
    expect([record.adminEmail, record.billingEmail]).toEqual([
      'ana@xn--bcher-kva.example',
      'Sales&Billing@example.com',
    ]);
    expect((await api.store.accounts.find(record.accountId))?.email).toBe('sales&billing@example.com');

    const own = await order(api, { adminEmail: typed });
    const asked = await api.call('POST', '/v1/sign-in/codes', { body: { email: typed } });
    const code = codeFor(api, 'ana@xn--bcher-kva.example');
    const entered = await api.call('POST', '/v1/sign-in', {
      body: { email: 'ANA@BÜCHER.example', code },
      headers: { cookie: cookieOf(asked) },
    });
    expect(entered.body.account.id).toBe(own.record.accountId);
  });

  test('stands before anything else: row, hold, account, workflow', async () => {
    const offer = await quote(api);
    const answer = await postOrder(orderBody(offer, { adminEmail: 'Ada@Example.com' }));

    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      state: 'awaiting_payment',
      instanceId: expect.stringMatching(/^i[0-9a-z]{16}$/),
    });
    expect(answer.headers.get('location')).toBe(answer.body.links.self);
    const record = await until(async () => {
      const row = await api.store.orders.find(answer.body.id);
      return row?.startedAt && row;
    });
    expect(record).toMatchObject({ billingEmail: 'Ada@example.com', billing: { name: 'Ada Lovelace', country: 'ES' } });
    expect(await api.store.holds.find(record?.quote.subject.name ?? '')).toMatchObject({
      holder: 'order',
      holderId: record?._id,
    });
    expect(await api.store.accounts.find(record?.accountId ?? '')).toMatchObject({ email: 'ada@example.com' });
    expect(
      calls.filter(({ call, args }) => call === 'startInstance' && (args[0] as { _id: string })._id === record?._id),
    ).toHaveLength(1);
    expect(await api.store.instances.find(answer.body.instanceId)).toBeNull();
  });

  test('holds its name for half an hour from then on, whatever a quote is worth', async () => {
    const brief = await startApi(api.databaseUri, { config: { FREEHOLD_QUOTE_VALID_MS: 60_000 } });
    try {
      const { record } = await order(brief);
      const { until: end } = (await brief.store.holds.find(record.quote.subject.name))!;
      const held = end!.getTime() - record.createdAt.getTime();
      expect([held >= 30 * 60_000, held < 31 * 60_000]).toEqual([true, true]);
    } finally {
      await brief.close();
    }
  });

  test('of the same billing address joins its account', async () => {
    const first = await order(api, { billingEmail: 'pay@example.com' });
    const second = await order(api, { billingEmail: 'PAY@example.com' });
    expect(second.record.accountId).toBe(first.record.accountId);
  });

  test('keeps its capability out of the database', async () => {
    const { accepted, record } = await order(api);
    expect(JSON.stringify(record)).not.toContain(accepted.capability);
  });
});

describe('the Idempotency-Key', () => {
  test('gives the same answer to the same request, and one order', async () => {
    const body = orderBody(await quote(api));
    const key = freshName();
    const first = await postOrder(body, key);
    const again = await postOrder(body, key);

    expect(again.status).toBe(202);
    expect(again.body).toEqual(first.body);
    expect(await api.store.orders.model.countDocuments({ quoteId: body.quoteId })).toBe(1);
  });

  test('lets ten requests at once make one order', async () => {
    const body = orderBody(await quote(api));
    const key = freshName();
    const answers = await Promise.all(Array.from({ length: 10 }, () => postOrder(body, key)));

    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(await api.store.orders.model.countDocuments({ quoteId: body.quoteId })).toBe(1);
  });

  test('with another body is refused', async () => {
    const body = orderBody(await quote(api));
    const key = freshName();
    await postOrder(body, key);
    const answer = await postOrder({ ...body, adminEmail: 'eve@example.com' }, key);
    expect([answer.status, codeOf(answer)]).toEqual([409, 'idempotency_key_reused']);
  });

  test('is needed, and is plain text', async () => {
    const body = orderBody(await quote(api));
    expect(codeOf(await postOrder(body, ''))).toBe('idempotency_key_missing');
    expect(codeOf(await postOrder(body, 'x'.repeat(300)))).toBe('invalid_request');
  });

  test('of one cart says nothing about another', async () => {
    const key = freshName();
    const first = await postOrder(orderBody(await quote(api)), key);
    const second = await postOrder(orderBody(await quote(api)), key);
    expect(second.status).toBe(202);
    expect(second.body.id).not.toBe(first.body.id);
  });
});

describe('an order is refused', () => {
  test('when its quote was altered', async () => {
    const offer = await quote(api);
    const other = await quote(api);
    expect(codeOf(await postOrder({ ...orderBody(offer), signature: other.signature }))).toBe('quote_altered');
    expect(codeOf(await postOrder({ ...orderBody(offer), signature: '' }))).toBe('quote_altered');
    expect(codeOf(await postOrder({ ...orderBody(offer), holdToken: other.holdToken }))).toBe('quote_altered');
    await api.store.quotes.model.updateOne({ _id: offer.id }, { $set: { 'content.total': 1 } });
    expect(codeOf(await postOrder(orderBody(offer)))).toBe('quote_altered');
  });

  test('when its quote has expired', async () => {
    const brief = await startApi(api.databaseUri, { config: { FREEHOLD_QUOTE_VALID_MS: 1 } });
    try {
      const offer = await quote(brief);
      const answer = await brief.call('POST', '/v1/orders', {
        body: orderBody(offer),
        headers: { 'idempotency-key': freshName() },
      });
      expect([answer.status, codeOf(answer)]).toEqual([409, 'quote_expired']);
    } finally {
      await brief.close();
    }
  });

  test('when its quote is for no server', async () => {
    const offer = await quote(api);
    const { content } = (await api.store.quotes.find(offer.id))!;
    const subject = { kind: 'licence', plan: 'STARTUP', cycle: 'yearly', seats: 2 };
    const signature = signQuote({ ...content, subject }, api.deps.config.FREEHOLD_SIGNING_KEY);
    await api.store.quotes.model.updateOne({ _id: offer.id }, { $set: { 'content.subject': subject, signature } });
    const answer = await postOrder({ ...orderBody(offer), signature });
    expect([answer.status, codeOf(answer)]).toEqual([409, 'subject_not_sold']);
  });

  test('when its quote was ordered already with other contents, which names the order', async () => {
    const body = orderBody(await quote(api));
    const first = await postOrder(body);
    const answer = await postOrder({ ...body, adminEmail: 'other@example.com' });
    expect([answer.status, codeOf(answer), answer.body.detail]).toEqual([409, 'quote_used', first.body.id]);
  });

  test('when there is no such quote', async () => {
    const body = orderBody(await quote(api));
    expect((await postOrder({ ...body, quoteId: 'quo_0000000000000000' })).status).toBe(404);
  });

  test('for an address that is none, with the field named', async () => {
    const body = orderBody(await quote(api));
    for (const adminEmail of ['no', 'a@b', 'a@b.c\r\nBcc: all@example.com', `${'a'.repeat(250)}@example.com`]) {
      const answer = await postOrder({ ...body, adminEmail });
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].path).toBe('adminEmail');
    }
    expect(codeOf(await postOrder({ ...body, adminEmail: 'no' }))).toBe('email_invalid');
    expect(codeOf(await postOrder({ ...body, billingEmail: 'no' }))).toBe('email_invalid');
  });

  test('for an address that no relay takes, before anything is charged', async () => {
    const body = orderBody(await quote(api));
    for (const adminEmail of ['ana@example-.com', `${'a'.repeat(65)}@example.com`, `ana@${'a'.repeat(64)}.com`]) {
      expect([adminEmail, codeOf(await postOrder({ ...body, adminEmail }))]).toEqual([adminEmail, 'email_invalid']);
    }
  });

  test('with a name or an address that no bill can show', async () => {
    const body = orderBody(await quote(api));
    for (const text of ['Ada\u0000', 'Ada\u0007', 'Ada\r\nLovelace', 'Ada\u202ex', 'Ada\ud800', '\u200b']) {
      for (const field of ['name', 'line1', 'city', 'postalCode']) {
        const answer = await postOrder({ ...body, billing: { name: 'Ada', [field]: text } });
        expect([answer.status, answer.body.errors[0].path]).toEqual([422, `billing.${field}`]);
      }
    }
  });

  test('with another payment method, a missing name or a strange field', async () => {
    const body = orderBody(await quote(api));
    expect(codeOf(await postOrder({ ...body, paymentMethod: 'cash' }))).toBe('invalid_request');
    expect(codeOf(await postOrder({ ...body, billing: { name: ' ' } }))).toBe('invalid_request');
    expect(codeOf(await postOrder({ ...body, total: 1 }))).toBe('invalid_request');
  });

  test('when the account holds five unpaid names already, and leaves no row behind', async () => {
    const member = await signIn(api, 'many@example.com');
    const buy = async () => postOrder(orderBody(await quote(api)), freshName(), member);
    for (let held = 0; held < 5; held += 1) expect((await buy()).status).toBe(202);
    const offer = await quote(api);
    const answer = await postOrder(orderBody(offer), freshName(), member);
    expect([answer.status, codeOf(answer)]).toEqual([429, 'too_many_holds']);
    expect(await api.store.orders.model.findOne({ quoteId: offer.id })).toBeNull();
    // The cart keeps the name: whoever cancels another order can order it.
    expect(await api.store.holds.find(offer.subject.hostname.split('.')[0]!)).toMatchObject({ holderId: offer.id });
    expect((await postOrder(orderBody(offer))).status).toBe(202);
  });

  test('beyond five of fifty that one account places at once', async () => {
    const member = await signIn(api, 'fifty@example.com');
    const offers = await Promise.all(Array.from({ length: 50 }, () => quote(api)));
    const answers = await Promise.all(offers.map((offer) => postOrder(orderBody(offer), freshName(), member)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
    expect(new Set(answers.map(codeOf))).toEqual(new Set([undefined, 'too_many_holds']));
    const quoteId = { $in: offers.map(({ id }) => id) };
    expect(await api.store.orders.model.countDocuments({ quoteId })).toBe(5);
  });
});

describe('a guest who gives the address of somebody else', () => {
  const billingEmail = 'victim@example.com';

  test('takes none of their account’s holds', async () => {
    const victim = await signIn(api, billingEmail);
    for (let placed = 0; placed < 6; placed += 1) await order(api, { billingEmail });
    expect((await api.call('POST', '/v1/quotes', { body: cart(), headers: victim })).status).toBe(201);
    const own = await postOrder(orderBody(await quote(api), { billingEmail }), freshName(), victim);
    expect(own.status).toBe(202);
  });

  test('has nothing mailed to them, and is a customer of their own at Stripe', async () => {
    const victim = await signIn(api, billingEmail);
    const own = await postOrder(orderBody(await quote(api), { billingEmail }), freshName(), victim);
    const member = (await api.store.orders.find(own.body.id))!;
    const mailed = () => api.mails.filter(({ to, messageId }) => to === billingEmail && messageId.includes('-link@'));
    await until(() => mailed().some(({ messageId }) => messageId.includes(member._id)));
    const { record } = await order(api, { billingEmail });
    expect([record.addressProvenAt, record.memberId]).toEqual([undefined, undefined]);
    expect(mailed().filter(({ messageId }) => messageId.includes(record._id))).toEqual([]);
    expect(payerOf(record).identity).toEqual(payerOf(member).identity);
    expect(customerKeyOf(payerOf(record))).not.toBe(customerKeyOf(payerOf(member)));
  });
});

describe('the link of an unpaid order', () => {
  const linksTo = (address: string) =>
    api.mails.filter(({ to, messageId }) => to === address && messageId.includes('-link@'));

  test('is mailed once the buyer has signed in with the address, and once only', async () => {
    const billingEmail = 'closed-tab@example.com';
    const { record, accepted } = await order(api, { billingEmail });
    expect(linksTo(billingEmail)).toEqual([]);
    await signIn(api, billingEmail);
    await until(() => linksTo(billingEmail).length > 0);
    await signIn(api, billingEmail);
    expect(linksTo(billingEmail).map(({ messageId }) => messageId)).toEqual([
      `<${record._id}-link@freehold.localhost>`,
    ]);
    expect(linksTo(billingEmail)[0]?.text).toContain(accepted.links.page);
  });

  test('is mailed to no more than a few an hour', async () => {
    const billingEmail = 'seldom@example.com';
    for (let placed = 0; placed < 7; placed += 1) await order(api, { billingEmail });
    await signIn(api, billingEmail);
    const proven = await api.store.orders.model.find({ billingEmail, addressProvenAt: { $ne: null } });
    expect(proven).toHaveLength(7);
    await until(
      async () => (await api.store.allowances.model.findById(`unpaid-mail:${billingEmail}`))?.times.length === 5,
    );
    await until(() => linksTo(billingEmail).length === 5);
    expect(await api.store.outbox.model.countDocuments({ orderId: { $in: proven.map(({ _id }) => _id) } })).toBe(5);
  });
});

describe('a buyer who lost the answer to their order', () => {
  test('gets it again by the same body with a new key, also when many are sent at once', async () => {
    const body = orderBody(await quote(api));
    const first = await postOrder(body);
    const again = await postOrder(body);
    expect([again.status, again.body]).toEqual([202, first.body]);

    const other = orderBody(await quote(api));
    const answers = await Promise.all(Array.from({ length: 10 }, () => postOrder(other)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  });

  test('gets it again when the quote has expired or is gone', async () => {
    const body = orderBody(await quote(api));
    const first = await postOrder(body);
    await api.store.quotes.model.deleteOne({ _id: body.quoteId });
    expect((await postOrder(body)).body).toEqual(first.body);
    const stranger = await quote(api);
    expect(codeOf(await postOrder({ ...body, holdToken: stranger.holdToken }))).toBe('quote_altered');
  });

  test('finds it by the hold token of the cart, which nobody else has', async () => {
    const offer = await quote(api);
    const { body: accepted } = await postOrder(orderBody(offer));
    const find = (holdToken: string) => api.call('POST', '/v1/carts/orders', { body: { holdToken } });
    const { status, body } = await find(offer.holdToken);
    expect([status, body.items.length]).toEqual([200, 1]);
    expect(body.items[0]).toMatchObject({
      ...{ id: accepted.id, state: 'awaiting_payment', capability: accepted.capability, links: accepted.links },
    });
    expect((await find((await quote(api)).holdToken)).body.items).toEqual([]);

    await bringOrder(api.store, accepted.id, { to: 'expired', reason: 'payment_expired' });
    expect((await find(offer.holdToken)).body.items).toHaveLength(1);
    const eightDays = 8 * 24 * 3_600_000;
    await api.store.orders.model.updateOne({ _id: accepted.id }, { endedAt: new Date(Date.now() - eightDays) });
    expect((await find(offer.holdToken)).body.items).toEqual([]);
  });

  test('is told of it by a second quote of the cart for the same name', async () => {
    const first = await quote(api);
    const name = first.subject.hostname.split('.')[0]!;
    const second = await quote(api, { name, holdToken: first.holdToken });
    const { body: accepted } = await postOrder(orderBody(first));
    const answer = await postOrder(orderBody(second));
    expect([answer.status, codeOf(answer), answer.body.detail]).toEqual([409, 'hostname_ordered', accepted.id]);
  });
});

test('of two orders for one name that lost its hold exactly one wins, and the other leaves nothing', async () => {
  const name = freshName();
  const first = await quote(api, { name });
  await api.store.holds.release(name, [first.id]);
  const second = await quote(api, { name });
  await api.store.holds.release(name, [second.id]);

  const answers = await Promise.all([postOrder(orderBody(first)), postOrder(orderBody(second))]);
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
  const loser = answers.find(({ status }) => status === 409);
  expect(loser?.body.code).toBe('hostname_held');
  expect(await api.store.orders.model.countDocuments({ quoteId: { $in: [first.id, second.id] } })).toBe(1);
});

test('a doubled request for a name that was lost is refused twice, or accepted for an order that stays', async () => {
  for (let round = 0; round < 20; round += 1) {
    const lost = await quote(api);
    const { name } = (await api.store.quotes.find(lost.id))!.content.subject as { name: string };
    await api.store.holds.release(name, [lost.id]);
    await quote(api, { name });
    const key = freshName();
    const answers = await Promise.all([1, 2, 3].map(() => postOrder(orderBody(lost), key)));
    const rows = await api.store.orders.model.find({ quoteId: lost.id }).lean();
    const accepted = answers.filter(({ status }) => status === 202).map(({ body }) => body.id);
    expect(accepted.filter((id) => !rows.some(({ _id }) => _id === id))).toEqual([]);
    if (accepted.length === 0) expect(answers.map(codeOf)).toEqual(Array(3).fill('hostname_held'));
  }
  // Orders start in order of arrival.
  const last = await order(api);
  const isStarted = () => calls.some(({ args }) => (args[0] as { _id?: string } | undefined)?._id === last.record._id);
  await until(async () => isStarted());
  const started = calls
    .filter(({ call }) => call === 'startInstance')
    .map(({ args }) => (args[0] as { _id: string })._id);
  const rows = await api.store.orders.model.find({ _id: { $in: started } }).lean();
  expect(started.filter((id) => !rows.some(({ _id }) => _id === id))).toEqual([]);
});

describe('while Temporal is down', () => {
  test('an order is accepted and stands, the same request gets it, and the sweep starts it', async () => {
    let down = true;
    let tries = 0;
    const started: string[] = [];
    const { workflows: flaky } = notedWorkflows({
      startInstance: async ({ _id }) => {
        tries += 1;
        if (down) throw new ReasonError('workflow_unreachable');
        started.push(_id);
      },
    });
    const shaky = await startApi(api.databaseUri, { workflows: flaky, config: { FREEHOLD_START_SWEEP_MS: 1 } });
    try {
      const body = orderBody(await quote(shaky));
      const key = freshName();
      const send = () => shaky.call('POST', '/v1/orders', { body, headers: { 'idempotency-key': key } });
      const accepted = await send();
      expect(accepted.status).toBe(202);
      await until(() => tries > 0);
      const row = await shaky.store.orders.find((accepted.body as { id: string }).id);
      expect(row?.startedAt).toBeUndefined();

      down = false;
      await sweepOnce(shaky.deps);
      expect(started).toContain(row?._id);
      await until(async () => (await shaky.store.orders.find(row?._id ?? ''))?.startedAt);
      const again = await send();
      expect(again.status).toBe(202);
      expect(again.body.id).toBe(row?._id);
    } finally {
      await shaky.close();
    }
  });

  test('an accepted order whose name was lost stands all the same: its workflow ends it, not the next request', async () => {
    let down = true;
    let tries = 0;
    const started: string[] = [];
    const { workflows: flaky } = notedWorkflows({
      startInstance: async ({ _id }) => {
        tries += 1;
        if (down) throw new ReasonError('workflow_unreachable');
        started.push(_id);
      },
    });
    const shaky = await startApi(api.databaseUri, { workflows: flaky });
    try {
      const first = await quote(shaky);
      const key = freshName();
      const body = orderBody(first);
      const again = () => shaky.call('POST', '/v1/orders', { body, headers: { 'idempotency-key': key } });
      const accepted = await again();
      expect(accepted.status).toBe(202);
      await until(() => tries > 0);
      const record = (await api.store.orders.find(accepted.body.id))!;
      await api.store.holds.release(record.quote.subject.name, [record._id]);
      await quote(shaky, { name: record.quote.subject.name });
      down = false;
      expect((await again()).body.id).toBe(record._id);
      await until(() => started.includes(record._id));
      expect(await api.store.orders.find(record._id)).not.toBeNull();
    } finally {
      await shaky.close();
    }
  });

  test('whoever wants to pay has an order started that stands without a workflow', async () => {
    const { accepted, bearer, record } = await order(api);
    await until(async () => (await api.store.orders.find(record._id))?.startedAt);
    await api.store.orders.model.updateOne({ _id: record._id }, { $unset: { startedAt: 1 } });
    const starts = () =>
      calls.filter(({ call, args }) => call === 'startInstance' && (args[0] as { _id: string })._id === record._id);
    expect(starts()).toHaveLength(1);
    const answer = await api.call('GET', `/v1/orders/${accepted.id}/payment`, { headers: bearer });
    expect(codeOf(answer)).toBe('payment_not_ready');
    expect(starts()).toHaveLength(2);
  });
});

describe('reading an order', () => {
  test('is for its capability and its account alone', async () => {
    const { accepted, bearer } = await order(api, { billingEmail: 'owner@example.com' });
    const path = `/v1/orders/${accepted.id}`;
    const stranger = await order(api);

    expect((await api.call('GET', path, { headers: bearer })).body).toMatchObject({
      id: accepted.id,
      operation: null,
      instance: null,
    });
    expect((await api.call('GET', path)).status).toBe(401);
    expect((await api.call('GET', path, { headers: stranger.bearer })).status).toBe(404);
    const owner = await signIn(api, 'owner@example.com');
    expect((await api.call('GET', path, { headers: owner })).status).toBe(200);
    const other = await signIn(api, 'other@example.com');
    expect((await api.call('GET', path, { headers: other })).status).toBe(404);
    expect((await api.call('GET', '/v1/orders/ord_0000000000000000', { headers: other })).status).toBe(404);
    expect((await api.call('GET', '/v1/orders/..%2f', { headers: other })).status).toBe(404);
  });

  test('ends for the capability seven days after the order, and for the account never', async () => {
    const { accepted, bearer, record } = await order(api, { billingEmail: 'late@example.com' });
    const path = `/v1/orders/${accepted.id}`;
    await bringOrder(api.store, record._id, { to: 'expired', reason: 'payment_expired' });
    expect((await api.call('GET', path, { headers: bearer })).status).toBe(200);

    const eightDays = 8 * 24 * 3_600_000;
    await api.store.orders.model.updateOne(
      { _id: record._id },
      { $set: { endedAt: new Date(Date.now() - eightDays) } },
    );
    expect((await api.call('GET', path, { headers: bearer })).status).toBe(401);
    const owner = await signIn(api, 'late@example.com');
    expect((await api.call('GET', path, { headers: owner })).status).toBe(200);
    // Also while the browser keeps the cookie of an old link.
    const both = { ...owner, cookie: `${owner.cookie}; freehold_${accepted.id}=${accepted.capability}` };
    expect((await api.call('GET', path, { headers: both })).status).toBe(200);
    const stranger = await signIn(api, 'stranger-to-it@example.com');
    const theirs = { ...stranger, cookie: `${stranger.cookie}; freehold_${accepted.id}=${accepted.capability}` };
    expect((await api.call('GET', path, { headers: theirs })).status).toBe(401);
  });

  test('lists those of the account', async () => {
    const { accepted } = await order(api, { billingEmail: 'list@example.com' });
    const member = await signIn(api, 'list@example.com');
    const { body } = await api.call('GET', '/v1/orders', { headers: member });
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([accepted.id]);
    expect((await api.call('GET', '/v1/orders')).status).toBe(401);
  });
});

describe('the payment of an order', () => {
  const payment = { customerId: 'cus_1', subscriptionId: 'sub_1', invoiceId: 'in_1', paymentIntentId: 'pi_1' };

  test('is answered as soon as it is set up', async () => {
    const { accepted, bearer, record } = await order(api);
    const longPoll = api.call('GET', `/v1/orders/${accepted.id}/payment`, { headers: bearer });
    await api.store.orders.setPayment(record._id, payment);
    const answer = await longPoll;
    expect(answer.body).toEqual({
      clientSecret: 'secret_of_in_1',
      publishableKey: 'pk_test_1',
      apiBase: 'http://127.0.0.1:1',
      amount: record.quote.total,
      currency: 'EUR',
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('is not ready within the poll: ask again', async () => {
    const { accepted, bearer } = await order(api);
    const answer = await api.call('GET', `/v1/orders/${accepted.id}/payment`, { headers: bearer });
    expect([answer.status, codeOf(answer), answer.body.retryable]).toEqual([409, 'payment_not_ready', true]);
  });

  test('is over when the order has ended', async () => {
    const { accepted, bearer, record } = await order(api);
    await bringOrder(api.store, record._id, { to: 'expired' });
    expect(codeOf(await api.call('GET', `/v1/orders/${accepted.id}/payment`, { headers: bearer }))).toBe(
      'already_ended',
    );
  });

  test.each([['cancelling'], ['settling']] as const)('is over while the order is %s', async (state) => {
    const { accepted, bearer, record } = await order(api);
    await api.store.orders.setPayment(record._id, payment);
    await bringOrder(api.store, record._id, { to: state });
    const answer = await api.call('GET', `/v1/orders/${accepted.id}/payment`, { headers: bearer });
    expect([answer.status, codeOf(answer), answer.body.clientSecret]).toEqual([409, 'already_ended', undefined]);
  });

  test('is over when the order began to end while Stripe was asked', async () => {
    const { accepted, bearer, record } = await order(api);
    await api.store.orders.setPayment(record._id, payment);
    const { clientSecretOf } = api.deps.payments;
    api.deps.payments.clientSecretOf = async (of) => {
      await api.store.orders.move(record._id, { to: 'cancelling' });
      return clientSecretOf(of);
    };
    const answer = await api.call('GET', `/v1/orders/${accepted.id}/payment`, { headers: bearer });
    api.deps.payments.clientSecretOf = clientSecretOf;
    expect([answer.status, codeOf(answer), answer.body.clientSecret]).toEqual([409, 'already_ended', undefined]);
  });

  test('is nobody else’s business', async () => {
    const { accepted } = await order(api);
    expect((await api.call('GET', `/v1/orders/${accepted.id}/payment`)).status).toBe(401);
  });
});

describe('cancelling', () => {
  const cancel = (id: string, headers: Record<string, string>) =>
    api.call('POST', `/v1/orders/${id}/cancel`, { headers });

  test('is passed to the instance once, under the key that the customer gave, and is audited', async () => {
    const { accepted, bearer, record } = await order(api);
    const answer = await cancel(accepted.id, { ...bearer, 'idempotency-key': 'my-cancel' });
    expect(answer.status).toBe(202);
    expect(calls.findLast(({ call }) => call === 'cancel')?.args).toEqual([
      record.instanceId,
      { by: 'customer', updateId: 'my-cancel' },
    ]);
    expect(await api.store.audit.of(record._id)).toMatchObject([
      { actor: `guest:${record._id}`, action: 'cancel-order', requestId: answer.headers.get('x-request-id') },
    ]);
  });

  test('is refused under a key that stood for another request about the server', async () => {
    const { accepted, bearer, record } = await order(api);
    const key = freshName();
    const decision = { action: 'retry', operationId: record.operationId, step: 'stack-up', attempt: 1 };
    await requireSameRequest(api.deps, { scope: record.instanceId, key, request: decision });
    const answer = await cancel(accepted.id, { ...bearer, 'idempotency-key': key });
    expect([answer.status, codeOf(answer)]).toEqual([409, 'idempotency_key_reused']);
    expect((await cancel(accepted.id, { ...bearer, 'idempotency-key': freshName() })).status).toBe(202);
  });

  test('is too late after ready and after the end', async () => {
    const ready = await order(api);
    await api.store.orders.move(ready.record._id, { to: 'fulfilling' });
    await api.store.orders.move(ready.record._id, { to: 'fulfilled' });
    const answer = await cancel(ready.accepted.id, ready.bearer);
    expect([answer.status, codeOf(answer)]).toEqual([409, 'already_ready']);

    const ended = await order(api);
    await bringOrder(api.store, ended.record._id, { to: 'expired' });
    expect(codeOf(await cancel(ended.accepted.id, ended.bearer))).toBe('already_ended');
  });

  test('that is under way already is not asked twice', async () => {
    const { accepted, bearer, record } = await order(api);
    await api.store.orders.move(record._id, { to: 'cancelling', reason: 'cancelled_by_customer' });
    const before = calls.filter(({ call }) => call === 'cancel').length;
    expect((await cancel(accepted.id, bearer)).body.state).toBe('cancelling');
    expect(calls.filter(({ call }) => call === 'cancel')).toHaveLength(before);
  });

  test('needs the right to it', async () => {
    const { accepted } = await order(api, { billingEmail: 'cancels@example.com' });
    expect((await cancel(accepted.id, {})).status).toBe(401);
    expect((await cancel(accepted.id, (await order(api)).bearer)).status).toBe(404);
    const member = await signIn(api, 'cancels@example.com');
    expect(codeOf(await cancel(accepted.id, { cookie: member.cookie }))).toBe('csrf_mismatch');
    expect((await cancel(accepted.id, member)).status).toBe(202);
  });

  test('is for payers, not for viewers', async () => {
    const { accepted, record } = await order(api, { billingEmail: 'viewed@example.com' });
    await api.store.accounts.model.updateOne(
      { _id: record.accountId },
      { $push: { members: { _id: 'mem_0000000000000001', email: 'viewer@example.com', roles: ['viewer'] } } },
    );
    const viewer = await signIn(api, 'viewer@example.com');
    expect((await api.call('GET', `/v1/orders/${accepted.id}`, { headers: viewer })).status).toBe(200);
    const refused = await cancel(accepted.id, viewer);
    expect([refused.status, codeOf(refused)]).toEqual([403, 'not_allowed']);
    const body = orderBody(await quote(api));
    const ordered = await api.call('POST', '/v1/orders', {
      body,
      headers: { ...viewer, 'idempotency-key': freshName() },
    });
    expect(codeOf(ordered)).toBe('not_allowed');
  });
});
