import { notRemoved } from '../../contracts/api/removal-facts.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { LatePayment, OperationRef, StepContext } from '../../contracts/workflow-messages.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { renderLateRefund } from '../../mail/late-refund.ts';
import type { Mail } from '../../mail/layout.ts';
import { orderLinkKind, orderMessageId } from '../../mail/message-id.ts';
import { renderNotDelivered } from '../../mail/not-delivered.ts';
import { renderOrderLink } from '../../mail/order-link.ts';
import { renderOutcome } from '../../mail/outcome.ts';
import { renderPayment } from '../../mail/payment.ts';
import type { PaidOrder } from '../../mail/payment-rows.ts';
import { renderReady } from '../../mail/ready.ts';
import { markSimulated } from '../../mail/simulated.ts';
import { now } from '../../runtime/clock.ts';
import { mailsAboutUnpaid } from '../../store/allowances.ts';
import { nameStatusOf } from '../../store/hostname-holds.ts';
import type { InstanceRecord, OrderRecord } from '../../store/records.ts';
import { orderIdOf } from '../lib/live-order.ts';
import type { MailPorts } from './ports.ts';

const outcomeKind = 'outcome';

/**
 * This step sends the mail that the server is ready, to the administrator and to the payer where they differ. One
 * Message-ID per mail however often it runs. Errors: `mail_unavailable` (retryable), `mail_refused`.
 */
export function sendMail(ports: MailPorts) {
  return async (context: StepContext): Promise<void> => {
    const { order, instance } = await read(ports, context);
    if (!instance) throw new ReasonError('not_found', `instance ${context.instanceId}`);
    await deliverAll(ports, readyLetters(ports, order, instance));
  };
}

/** The mails about a server that is ready, at most one to each address. */
export function readyLetters(ports: MailPorts, order: OrderRecord, instance: InstanceRecord): Letter[] {
  // The addresses and their corrections are read together, so each mail has the Message-ID of its address.
  const { adminEmail, billingEmail } = order;
  const hostname = primaryHostname(instance.desired);
  const isPayer = billingEmail === adminEmail;
  const mail = renderReady({
    hostname,
    url: ports.hostUrl(hostname),
    adminEmail,
    plan: instance.plan,
    extendedSupport: instance.features.extendedSupport,
    links: ports.links,
    payment: isPayer ? { paid: paidOrder(order, instance), orderUrl: ports.orderLink(order._id) } : undefined,
  });
  const letters: Letter[] = [{ order, kind: 'ready', recipient: 'administrator', to: adminEmail, mail }];
  if (!isPayer) letters.push(receiptLetter(ports, order, instance));
  return letters;
}

/** The mail to the payer about what they paid. */
export function receiptLetter(ports: MailPorts, order: OrderRecord, instance: InstanceRecord): Letter {
  const mail = renderPayment({ ...paidOrder(order, instance), orderUrl: ports.orderLink(order._id) });
  return { order, kind: 'paid', recipient: 'payer', to: order.billingEmail, mail };
}

/** Sends the payer of an order, once its payment has arrived, the link of its page. Same errors. */
export function sendOrderLink(ports: MailPorts) {
  return async (ref: OperationRef): Promise<void> => {
    const { order } = await read(ports, ref);
    await deliver(ports, orderLinkLetter(ports, order));
  };
}

/** The mail with the link of a paid order. */
export function orderLinkLetter(ports: MailPorts, order: OrderRecord): Letter {
  const mail = renderOrderLink({
    orderId: order._id,
    hostname: order.quote.subject.hostname,
    isPaid: true,
    orderUrl: ports.orderLink(order._id),
  });
  return { order, kind: orderLinkKind, recipient: 'payer', to: order.billingEmail, mail };
}

/**
 * This step sends the payer the reason why an order ended without a server and what happened to the money. An order
 * that was never paid is only explained to a proven address, within the limit of such mails: anybody may have ordered
 * for that address. Same errors.
 */
export function sendOutcomeMail(ports: MailPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await ports.store.orders.find(orderIdOf(context));
    // An order without a record has nobody to write to.
    if (!order) return;
    await explainOutcome(ports, order);
  };
}

/** Mails the payer how an order that has ended without a server ended, under the rule of `sendOutcomeMail`. */
export async function explainOutcome(ports: MailPorts, order: OrderRecord): Promise<void> {
  if (order.paid === 0 && !(await mayExplainUnpaid(ports, order))) return;
  const [operation, hold] = await Promise.all([
    ports.store.operations.find(order.operationId),
    ports.store.holds.find(order.quote.subject.name),
  ]);
  const holderIds = [order._id, order.instanceId, order.quoteId];
  const facts = {
    orderId: order._id,
    hostname: order.quote.subject.hostname,
    reason: order.reason ?? 'not_delivered',
    paid: order.paid,
    refunded: order.refunded,
    removing: notRemoved(operation?.steps ?? []),
    name: nameStatusOf(hold, { holderIds, at: now() }),
    currency: order.quote.currency,
    orderUrl: ports.orderLink(order._id),
  };
  const { state } = order;
  const mail =
    state === 'declined' || state === 'expired' || state === 'cancelled'
      ? renderOutcome({ ...facts, state })
      : renderNotDelivered(facts);
  await deliver(ports, { order, kind: outcomeKind, recipient: 'payer', to: order.billingEmail, mail });
}

/**
 * Sends the payer the mail about the refund of a late payment, or about a failed refund that was repeated; `amount` in
 * minor units. Same errors.
 */
export function sendLateRefund(ports: MailPorts) {
  return async ({ orderId, paymentIntentId, refundId }: LatePayment, amount: number): Promise<void> => {
    const order = await ports.store.orders.find(orderId);
    if (!order) throw new ReasonError('not_found', `order ${orderId}`);
    const mail = renderLateRefund({
      orderId,
      hostname: order.quote.subject.hostname,
      amount,
      isRepeated: refundId !== undefined,
      currency: order.quote.currency,
      orderUrl: ports.orderLink(order._id),
    });
    await deliver(ports, {
      order,
      kind: `refund-${refundId ?? paymentIntentId}`,
      recipient: 'payer',
      to: order.billingEmail,
      mail,
    });
  };
}

function paidOrder(
  { _id, paid, invoice, quote }: OrderRecord,
  { desired, plan, paidUntil }: InstanceRecord,
): PaidOrder {
  const { net, tax, total, currency, subject } = quote;
  const next = paidUntil && total > 0 ? { amount: total, at: paidUntil } : undefined;
  const order = { orderId: _id, hostname: primaryHostname(desired), plan, cycle: subject.cycle };
  return { ...order, net, tax, paid, currency, invoice, next };
}

async function read(
  { store }: MailPorts,
  ref: OperationRef,
): Promise<{ order: OrderRecord; instance: InstanceRecord | null }> {
  const [order, instance] = await Promise.all([
    store.orders.find(orderIdOf(ref)),
    store.instances.find(ref.instanceId),
  ]);
  if (!order) throw new ReasonError('not_found', `order ${ref.orderId}`);
  return { order, instance };
}

/** One mail of an order or of its server, to one of its people. */
export interface Letter {
  order: OrderRecord;
  kind: string;
  recipient: 'administrator' | 'payer';
  to: string;
  mail: Mail;
}

/** Sends each of these mails once; a refused address does not affect the others. Same errors. */
export async function deliverAll(ports: MailPorts, letters: readonly Letter[]): Promise<void> {
  const delivered = await Promise.allSettled(letters.map((letter) => deliver(ports, letter)));
  for (const result of delivered) if (result.status === 'rejected') throw result.reason;
}

/** Sends a mail once, however often it is called. Errors: `mail_unavailable` (retryable), `mail_refused`. */
export async function deliver({ store, sender, baseDomain, simulated }: MailPorts, letter: Letter): Promise<void> {
  const { order, kind, recipient, to } = letter;
  const messageId = orderMessageId({ order, recipient, kind, baseDomain });
  const mail = simulated.includes(order.quote.subject.cloud) ? markSimulated(letter.mail) : letter.mail;
  await store.outbox.sendOnce(
    { _id: messageId, kind, orderId: order._id, recipient },
    {
      // Temporal runs an activity again only after its earlier attempt has ended or died.
      by: 'workflow',
      send: () => sender.send({ messageId, to, ...mail }),
    },
  );
}

async function mayExplainUnpaid(
  { store, baseDomain, unpaidMailsPerHour }: MailPorts,
  order: OrderRecord,
): Promise<boolean> {
  if (!order.addressProvenAt) return false;
  // An earlier try has used up the allowance.
  if (await store.outbox.has(orderMessageId({ order, recipient: 'payer', kind: outcomeKind, baseDomain }))) return true;
  const { allowed } = await store.allowances.take(mailsAboutUnpaid(order, unpaidMailsPerHour));
  return allowed;
}
