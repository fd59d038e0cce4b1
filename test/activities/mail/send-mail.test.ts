import { describe, expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import type { MailPorts } from '../../../src/activities/mail/ports.ts';
import { sendLateRefund, sendMail, sendOrderLink, sendOutcomeMail } from '../../../src/activities/mail/send-mail.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { orderPageLink } from '../../../src/domain/billing/order-link.ts';
import { productLinks } from '../../../src/mail/product-links.ts';
import type { OutgoingMail } from '../../../src/mail/sender.ts';
import type { OrderRecord } from '../../../src/store/records.ts';
import { order, signIn, useApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const api = useApi();

/** A relay that refuses these addresses. */
function ports(mails: OutgoingMail[], refused: readonly string[] = []): MailPorts {
  return {
    store: api.store,
    sender: {
      async send(mail) {
        if (refused.includes(mail.to)) throw new ReasonError('mail_refused');
        mails.push(mail);
      },
    },
    baseDomain: 'freehold.localhost',
    links: productLinks({ FREEHOLD_PUBLIC_URL: api.url, FREEHOLD_BASE_DOMAIN: 'freehold.localhost' }),
    simulated: ['aws'],
    unpaidMailsPerHour: 5,
    orderLink: (orderId) => orderPageLink({ publicUrl: api.url, key: api.deps.config.FREEHOLD_SIGNING_KEY, orderId }),
    hostUrl: (hostname) => `https://${hostname}/`,
  };
}

test('an administrator whose address is refused does not keep the payer from their receipt, which comes once', async () => {
  const { record } = await order(api, { adminEmail: 'typo@example.com', billingEmail: 'payer@example.com' });
  const { _id: orderId, instanceId, operationId } = record;
  const context: StepContext = { instanceId, orderId, operationId, step: 'send-mail', attempt: 1 };
  await holdHostname({ store: api.store, journal: createJournal(api.store), holdMs: 60_000 })(context);
  const mails: OutgoingMail[] = [];
  await expect(sendMail(ports(mails, ['typo@example.com']))(context)).rejects.toMatchObject({ code: 'mail_refused' });
  expect(mails.map(({ to }) => to)).toEqual(['payer@example.com']);
  await sendMail(ports(mails))(context);
  expect(mails.map(({ to }) => to)).toEqual(['payer@example.com', 'typo@example.com']);
});

test('a mail about a server on a cloud that is not the real one says so before all else', async () => {
  const { record } = await order(api, { billingEmail: 'payer@example.com' });
  const mails: OutgoingMail[] = [];
  const onOrder = (cloud: string) =>
    api.store.orders.model.updateOne({ _id: record._id }, { 'quote.subject.cloud': cloud });
  await onOrder('aws');
  await sendLateRefund(ports(mails))({ paymentIntentId: 'pi_3', orderId: record._id }, 3_509);
  await onOrder('local');
  await sendLateRefund(ports(mails))({ paymentIntentId: 'pi_4', orderId: record._id }, 3_509);
  expect(mails[0]?.subject).toMatch(/^\[simulated\] /);
  expect(mails[0]?.text).toMatch(/^This is a simulation/);
  expect(mails[0]?.html).toMatch(/<body[^>]*><p [^>]*>This is a simulation/);
  expect(JSON.stringify(mails[1])).not.toContain('simulat');
});

test('the payer hears once that a late payment goes back', async () => {
  const { record } = await order(api, { billingEmail: 'payer@example.com' });
  const mails: OutgoingMail[] = [];
  const latePayment = { paymentIntentId: 'pi_1', orderId: record._id };
  await sendLateRefund(ports(mails))(latePayment, 3_509);
  await sendLateRefund(ports(mails))(latePayment, 3_509);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ to: 'payer@example.com', messageId: expect.stringContaining('refund-pi_1') });
});

test('the link in every mail to a guest who pays opens the page of their order, and it is kept nowhere', async () => {
  const { record, accepted } = await order(api, { adminEmail: 'ada@example.com', billingEmail: 'guest@example.com' });
  const { _id: orderId, instanceId, operationId } = record;
  const context: StepContext = { instanceId, orderId, operationId, step: 'send-mail', attempt: 1 };
  await holdHostname({ store: api.store, journal: createJournal(api.store), holdMs: 60_000 })(context);
  const mails: OutgoingMail[] = [];
  await api.store.orders.setMoney(orderId, { paid: 3_509, refunded: 3_509 });
  await sendOrderLink(ports(mails))(context);
  await sendOrderLink(ports(mails))(context);
  await sendMail(ports(mails))(context);
  await sendOutcomeMail(ports(mails))(context);
  await sendLateRefund(ports(mails))({ paymentIntentId: 'pi_2', orderId }, 3_509);
  const toGuest = mails.filter(({ to }) => to === 'guest@example.com');
  expect(toGuest).toHaveLength(4);
  for (const { text, html } of toGuest) {
    const link = new URL(/http:\S+/.exec(text)?.[0] ?? '');
    expect(html).toContain(link.href.replace('=', '&#x3D;'));
    const entry = await api.call('GET', link.pathname + link.search);
    expect(entry.status).toBe(303);
    const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await api.call('GET', entry.headers.get('location') ?? '', { headers: { cookie } });
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining(record.quote.subject.hostname) });
  }
  const toOthers = mails.filter(({ to }) => to !== 'guest@example.com');
  expect(JSON.stringify(toOthers)).not.toContain(accepted.capability);
  for (const { model } of [api.store.orders, api.store.outbox, api.store.timeline, api.store.operations]) {
    const rows: unknown[] = await (model as { find(): { lean(): Promise<unknown[]> } }).find().lean();
    expect(JSON.stringify(rows)).not.toContain(accepted.capability);
  }
});

describe('the outcome of an order that was never paid', () => {
  const explain = async (record: OrderRecord, mails: OutgoingMail[]) => {
    const { _id: orderId, instanceId, operationId } = record;
    const context: StepContext = { instanceId, orderId, operationId, step: 'send-outcome-mail', attempt: 1 };
    await sendOutcomeMail(ports(mails))(context);
  };

  test('is not mailed to an address that a guest gave', async () => {
    const mails: OutgoingMail[] = [];
    const { record } = await order(api, { billingEmail: 'stranger@example.com' });
    await explain(record, mails);
    expect(mails).toEqual([]);
    expect(await api.store.outbox.model.countDocuments({ orderId: record._id })).toBe(0);
    await api.store.orders.setMoney(record._id, { paid: 3_509, refunded: 3_509 });
    await explain(record, mails);
    expect(mails.map(({ to }) => to)).toEqual(['stranger@example.com']);
  });

  test('is mailed to whoever has signed in with the address, a few times an hour', async () => {
    const mails: OutgoingMail[] = [];
    const billingEmail = 'proven@example.com';
    const records: OrderRecord[] = [];
    for (let placed = 0; placed < 4; placed += 1) records.push((await order(api, { billingEmail })).record);
    await signIn(api, billingEmail);
    const links = () => api.mails.filter(({ to, messageId }) => to === billingEmail && messageId.includes('-link@'));
    await until(() => links().length === 4);
    for (const record of records) await explain(record, mails);
    expect(mails).toHaveLength(1);
    // The order that was explained before keeps its mail.
    await explain(records[0]!, mails);
    expect(mails).toHaveLength(1);
  });
});
