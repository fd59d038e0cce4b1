import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { correctRecords } from '../../src/activities/billing/correct-records.ts';
import { payerOf } from '../../src/activities/billing/create-subscription.ts';
import { createJournal } from '../../src/activities/lib/journal.ts';
import { mailAgain, tellReplacedAddress } from '../../src/activities/mail/mail-again.ts';
import type { MailPorts } from '../../src/activities/mail/ports.ts';
import { sendMail } from '../../src/activities/mail/send-mail.ts';
import { holdHostname } from '../../src/activities/records/hold-hostname.ts';
import type { StepContext } from '../../src/contracts/workflow-messages.ts';
import { orderPageLink } from '../../src/domain/billing/order-link.ts';
import { productLinks } from '../../src/mail/product-links.ts';
import { createSender } from '../../src/mail/sender.ts';
import type { StripeGateway } from '../../src/payments/stripe-gateway.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { spawnMailbox } from '../emulators/mailbox/spawn-mailbox.ts';
import { codeOf, notedWorkflows, operatorToken, order, signIn, useApi } from '../support/api.ts';

const { workflows, calls } = notedWorkflows();
const api = useApi({ workflows });
const bearer = { authorization: `Bearer ${operatorToken}`, 'freehold-operator': 'Grace' };
const folder = mkdtempSync(join(tmpdir(), 'freehold-correction-'));
let mailbox: Awaited<ReturnType<typeof spawnMailbox>>;
let addresses = 0;

beforeAll(async () => {
  mailbox = await spawnMailbox(join(folder, 'mailbox.db'));
});
afterAll(async () => {
  await mailbox.stop();
  rmSync(folder, { recursive: true });
});

const ports = (): MailPorts => ({
  store: api.store,
  sender: createSender({ smtpUrl: mailbox.smtp, from: 'Freehold <hello@freehold.localhost>' }),
  baseDomain: 'freehold.localhost',
  links: productLinks({ FREEHOLD_PUBLIC_URL: api.url, FREEHOLD_BASE_DOMAIN: 'freehold.localhost' }),
  simulated: [],
  unpaidMailsPerHour: 5,
  orderLink: (orderId) => orderPageLink({ publicUrl: api.url, key: api.deps.config.FREEHOLD_SIGNING_KEY, orderId }),
  hostUrl: (hostname) => `https://${hostname}/`,
});

/** A wrong address and the right one, which no other test uses. */
function typo() {
  addresses += 1;
  return { from: `ada${addresses}@exmaple.com`, to: `Ada${addresses}@example.com` };
}

/** What the relay took for an address. */
async function received(to: string): Promise<{ id: number; messageId: string; subject: string }[]> {
  const answer = await fetch(`${mailbox.url}/messages?to=${encodeURIComponent(to)}`);
  return ((await answer.json()) as { messages: { id: number; messageId: string; subject: string }[] }).messages;
}

async function textOf(id: number): Promise<string> {
  return ((await (await fetch(`${mailbox.url}/messages/${id}`)).json()) as { text: string }).text;
}

const refuse = (to: string) =>
  fetch(`${mailbox.url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: 550, times: 100, to }),
  });

/** An order whose server is ready; its mails are still to be sent. */
async function fulfilled(change: Parameters<typeof order>[1]) {
  const { record } = await order(api, change);
  const { _id: orderId, instanceId, operationId } = record;
  const context: StepContext = { instanceId, orderId, operationId, step: 'send-mail', attempt: 1 };
  await holdHostname({ store: api.store, journal: createJournal(api.store), holdMs: 60_000 })(context);
  await api.store.orders.model.updateOne({ _id: orderId }, { $set: { state: 'fulfilled', paid: record.quote.total } });
  return { record, context };
}

const operationIs = (record: OrderRecord, status: string, steps: unknown[] = []) =>
  api.store.operations.model.updateOne({ _id: record.operationId }, { $set: { status, steps } });

const correct = (record: OrderRecord, body: unknown, headers: Record<string, string> = bearer) =>
  api.call('POST', `/v1/operator/orders/${record._id}/correct-address`, { body, headers });

const why = 'a typing error, confirmed by telephone';

describe('a mail that is refused because the address is wrong', () => {
  test('arrives once at the corrected address: the step that waits runs again, and the audit says who and why', async () => {
    const { from, to } = typo();
    await refuse(from);
    const { record, context } = await fulfilled({ adminEmail: from });
    await expect(sendMail(ports())(context)).rejects.toMatchObject({ code: 'mail_refused' });
    await operationIs(record, 'needs_operator', [
      { step: 'send-mail', status: 'needs_operator', attempt: 1, reason: 'mail_refused' },
    ]);

    const answer = await correct(record, { from: from.toUpperCase(), to, why });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ billingEmail: to, adminEmail: to });
    expect(answer.body.mails).toEqual([{ kind: 'ready', recipient: 'administrator', status: 'refused' }]);
    expect(answer.body.audit).toMatchObject([
      {
        ...{ actor: 'operator:Grace', action: 'correct-address', why },
        ...{ before: { administrator: from, payer: from }, after: { administrator: to, payer: to } },
      },
    ]);
    const retries = () => calls.filter(({ call, args }) => call === 'decide' && args[0] === record.instanceId);
    const { operationId } = record;
    expect(retries().map(({ args }) => args[1])).toMatchObject([
      { action: 'retry', request: { operationId, step: 'send-mail', attempt: 1, operator: 'Grace' } },
    ]);
    expect(calls.findLast(({ call }) => call === 'startCorrection')?.args).toEqual([
      { orderId: record._id, number: 1 },
    ]);
    // No address goes to Temporal.
    expect(JSON.stringify(calls.filter(({ call }) => call !== 'startInstance'))).not.toMatch(/@ex/i);

    await operationIs(record, 'running', [{ step: 'send-mail', status: 'running', attempt: 2 }]);
    const ref = { orderId: record._id, number: 1 };
    await expect(mailAgain(ports())(ref)).rejects.toMatchObject({ code: 'mail_unavailable' });
    expect(await received(to)).toEqual([]);
    await sendMail(ports())({ ...context, attempt: 2 });
    await operationIs(record, 'succeeded', [{ step: 'send-mail', status: 'succeeded', attempt: 2 }]);
    await mailAgain(ports())(ref);
    await tellReplacedAddress(ports())(ref);
    const [mail, ...others] = await received(to);
    expect(others).toEqual([]);
    expect(mail?.subject).toContain(record.quote.subject.hostname);
    const text = await textOf(mail!.id);
    expect(text).toContain(to);
    expect(text).toContain(`/orders/${record._id}?key=`);
    expect(await received(from)).toEqual([]);

    // Repeated, at the same time too, it is one correction.
    const repeated = await Promise.all([1, 2, 3].map(() => correct(record, { from, to, why })));
    expect(repeated.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(repeated[0]?.body.audit).toHaveLength(1);
    expect((await api.store.orders.find(record._id))?.corrections).toHaveLength(1);
    expect(retries()).toHaveLength(1);
    await mailAgain(ports())(ref);
    expect(await received(to)).toHaveLength(1);
  });

  test('is one change when it is sent several times at once', async () => {
    const { from, to } = typo();
    const { record } = await fulfilled({ adminEmail: from });
    const answers = await Promise.all([1, 2, 3, 4].map(() => correct(record, { from, to, why })));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect((await api.store.orders.find(record._id))?.corrections).toHaveLength(1);
    expect(await api.store.audit.of(record._id)).toHaveLength(1);
  });
});

describe('a mail that went to somebody else', () => {
  test('is sent again to the corrected address, and the other one is told without learning it', async () => {
    const { from, to } = typo();
    const { record, context } = await fulfilled({ adminEmail: 'admin@example.com', billingEmail: from });
    await sendMail(ports())(context);
    await operationIs(record, 'succeeded');
    const before = (await received('admin@example.com')).length;
    expect((await correct(record, { from, to, why })).body).toMatchObject({
      ...{ billingEmail: to, adminEmail: 'admin@example.com' },
    });
    const ref = { orderId: record._id, number: 1 };
    for (let times = 2; times > 0; times -= 1) {
      await mailAgain(ports())(ref);
      await tellReplacedAddress(ports())(ref);
    }
    expect(await received(to)).toHaveLength(1);
    expect((await received('admin@example.com')).length).toBe(before);
    const [told, receipt, ...others] = await received(from);
    expect(others).toEqual([]);
    expect(receipt?.messageId).toContain('-paid@');
    const text = await textOf(told!.id);
    expect(text).toContain('corrected');
    expect(text).not.toMatch(new RegExp(`${to}|key=`, 'i'));
  });

  test('a replaced address that takes no mail any more holds nothing up', async () => {
    const { from, to } = typo();
    const { record, context } = await fulfilled({ adminEmail: from });
    await sendMail(ports())(context);
    await correct(record, { from, to, why });
    await refuse(from);
    await new MockActivityEnvironment().run(tellReplacedAddress(ports()), { orderId: record._id, number: 1 });
    expect(await received(from)).toHaveLength(1);
  });
});

describe('the records beside the order', () => {
  const gateway = (changed: unknown[]) =>
    ({ correctCustomer: async (of: unknown) => void changed.push(of) }) as unknown as StripeGateway;

  test('the server gets the administrator, the Stripe customer the payer, and the bill is still that of the order', async () => {
    const { from, to } = typo();
    const { record } = await fulfilled({ adminEmail: from });
    const customerId = `cus_${record._id}`;
    const before = payerOf(record);
    await api.store.orders.setPayment(record._id, { customerId, subscriptionId: 'sub_1', invoiceId: 'in_1' });
    await correct(record, { from, to, why });
    const changed: unknown[] = [];
    await correctRecords({ store: api.store, gateway: gateway(changed) })({ orderId: record._id, number: 1 });
    expect(changed).toEqual([{ customerId, email: to }]);
    expect((await api.store.instances.find(record.instanceId))?.adminEmail).toBe(to);
    expect(payerOf((await api.store.orders.find(record._id))!)).toEqual(before);
  });

  test('a customer at Stripe that another order is billed to keeps its address', async () => {
    const { from, to } = typo();
    const [one, other] = [await fulfilled({ adminEmail: from }), await fulfilled({ adminEmail: from })];
    for (const { record } of [one, other]) {
      await api.store.orders.setPayment(record._id, {
        customerId: 'cus_2',
        subscriptionId: 'sub_2',
        invoiceId: 'in_2',
      });
    }
    await correct(one.record, { from, to, why });
    const changed: unknown[] = [];
    await correctRecords({ store: api.store, gateway: gateway(changed) })({ orderId: one.record._id, number: 1 });
    expect(changed).toEqual([]);
  });

  test('nobody gets into another account, and nobody loses theirs', async () => {
    const { from, to } = typo();
    const { record } = await fulfilled({ adminEmail: from });
    await signIn(api, to);
    await correct(record, { from, to, why });
    const seenBy = async (email: string) =>
      (await api.call('GET', '/v1/orders', { headers: await signIn(api, email) })).body.items.map(
        ({ id }: { id: string }) => id,
      );
    expect(await seenBy(to)).toEqual([]);
    expect(await seenBy(from)).toEqual([record._id]);
    expect((await api.store.orders.find(record._id))?.addressProvenAt).toBeUndefined();
  });

  test('a server asks whether an address is that of its administrator', async () => {
    const { from, to } = typo();
    const { record } = await fulfilled({ adminEmail: from });
    const ask = async (email: string, id = record.instanceId) =>
      (await api.call('POST', `/v1/instances/${id}/administrator`, { body: { email } })).body;
    expect(await ask(from.toUpperCase())).toEqual({ administrator: true });
    await correct(record, { from, to, why });
    await correctRecords({ store: api.store, gateway: gateway([]) })({ orderId: record._id, number: 1 });
    expect(await ask(from)).toEqual({ administrator: false });
    expect(await ask(to)).toEqual({ administrator: true });
    expect(await ask(to, 'i0000000000000000')).toEqual({ administrator: false });
  });
});

describe('a correction is refused', () => {
  test('for an address that the order does not have, one that is none, and without a reason', async () => {
    const { from, to } = typo();
    const { record } = await order(api, { adminEmail: from });
    const other = await correct(record, { from: 'other@example.com', to, why });
    expect([other.status, codeOf(other)]).toEqual([409, 'address_not_there']);
    expect(codeOf(await correct(record, { from, to: 'ada@example', why }))).toBe('email_invalid');
    expect(codeOf(await correct(record, { from, to }))).toBe('invalid_request');
    expect((await correct({ ...record, _id: 'ord_0000000000000000' }, { from, to, why })).status).toBe(404);
    expect((await api.store.orders.find(record._id))?.corrections).toBeUndefined();
  });

  test('to everybody but an operator', async () => {
    const { from, to } = typo();
    const placed = await order(api, { adminEmail: from });
    for (const headers of [{}, placed.bearer, await signIn(api, from)]) {
      expect((await correct(placed.record, { from, to, why }, headers)).status).toBe(401);
    }
    expect((await api.store.orders.find(placed.record._id))?.adminEmail).toBe(from);
  });

  test('with a key that came with another request', async () => {
    const { from, to } = typo();
    const { record } = await order(api, { adminEmail: from });
    const headers = { ...bearer, 'idempotency-key': 'one-correction' };
    expect((await correct(record, { from, to, why }, headers)).status).toBe(202);
    expect((await correct(record, { from, to, why }, headers)).status).toBe(202);
    const other = await correct(record, { from: to, to: 'x@example.com', why }, headers);
    expect([other.status, codeOf(other)]).toEqual([409, 'idempotency_key_reused']);
  });
});
