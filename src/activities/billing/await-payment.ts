import { activityInfo } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { declinedTooOften } from '../../domain/billing/order-rules.ts';
import type { PaymentState } from '../../payments/payment-state.ts';
import { now } from '../../runtime/clock.ts';
import { type HostnameHold, holderAccountOf } from '../../store/hostname-holds.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { findLiveOrder } from '../lib/live-order.ts';
import type { BillingPorts } from './ports.ts';

type Paid = Extract<PaymentState, { kind: 'paid' }>;
type Open = Extract<PaymentState, { kind: 'open' }>;

const quickReadsMs = 15 * 60_000;
/** Delay until an account that is being closed is read again, ms. */
const closingReadMs = 2_000;

/**
 * This step checks once whether the first payment of an order has arrived, and starts the fulfilment when it has. Until
 * the result is final it fails with the benign `not_paid_yet`, `payment_processing`, `confirmation_open` while the bank
 * asks its customer, or after a failed attempt `confirmation_refused` or `declined_try_again`, with the delay of the
 * next retry; retries write no history. Errors: `too_many_declines`, `payment_expired`, `hostname_taken` (the hold
 * ended before the payment arrived and another order has the name), `account_closed` (by its owner, while the order of
 * a guest was unpaid).
 */
export function awaitPayment(ports: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await findLiveOrder(ports.store, context);
    if (order.state === 'fulfilled') return;
    const state = await readPayment(ports, order);
    if (state.kind === 'paid') return takePayment(ports, order, state);
    if (state.kind === 'closed') throw await end(ports, order, 'payment_expired');
    // Both times are the Temporal server's.
    const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
    const waited = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
    const wait = { retryAfterMs: waited < quickReadsMs ? ports.paymentReadMs : ports.paymentReadLaterMs };
    if (state.kind === 'processing') throw await awaitBank(ports, order, wait);
    const declines = await noteAttempts(ports, order, state);
    if (declinedTooOften(declines, ports.declineLimit)) throw await end(ports, order, 'too_many_declines');
    if (state.challenge?.isRefused === false) throw new ReasonError('confirmation_open', undefined, wait);
    // The number distinguishes declines that have the same cause.
    const decline = state.lastDecline && `decline ${declines}: ${state.lastDecline}`;
    if (decline && state.challenge) throw new ReasonError('confirmation_refused', decline, wait);
    if (decline) throw new ReasonError('declined_try_again', decline, wait);
    throw new ReasonError('not_paid_yet', undefined, wait);
  };
}

/**
 * This step ends the wait at its deadline. A payment that succeeded before the order was marked goes on to
 * fulfilment; a payment that the bank has not confirmed yet is waited for (`payment_processing`); otherwise the order
 * is cancelling and the failure is `payment_expired`.
 */
export function expirePayment(ports: BillingPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await findLiveOrder(ports.store, context);
    if (order.state === 'fulfilled') return;
    const state = await readPayment(ports, order);
    if (state.kind === 'paid') return takePayment(ports, order, state);
    if (state.kind === 'processing') throw await awaitBank(ports, order, { retryAfterMs: ports.paymentReadLaterMs });
    throw await end(ports, order, 'payment_expired');
  };
}

/** Reads the payment once at Stripe; an order without anything to pay counts as paid. */
async function readPayment({ gateway }: BillingPorts, order: OrderRecord): Promise<PaymentState> {
  if (!order.payment) throw new ReasonError('payment_not_ready', `order ${order._id} has no payment`);
  return gateway.readPayment(order.payment);
}

/**
 * A payment that is processing extends the hold; when the name is lost meanwhile, it is refunded as soon as it
 * arrives.
 */
async function awaitBank(ports: BillingPorts, order: OrderRecord, wait: { retryAfterMs: number }) {
  if (!(await holdLonger(ports, order))) return end(ports, order, 'hostname_taken');
  return new ReasonError('payment_processing', undefined, wait);
}

/**
 * Extends the hold for each new attempt to pay, and returns how many have failed: declined charges and refused 3-D
 * Secure challenges. Stripe keeps only the last challenge, so each is noted when it is read, by its payment method: a
 * browser makes one for each attempt. Errors: `hostname_taken`.
 */
async function noteAttempts(ports: BillingPorts, order: OrderRecord, { declines, challenge }: Open): Promise<number> {
  const { orders } = ports.store;
  const refused = order.refusedChallenges ?? [];
  const known = challenge?.isRefused ? refused : (order.challenges ?? []);
  const isNew = challenge !== undefined && !known.includes(challenge.paymentMethodId);
  if (isNew) await orders.noteChallenge(order._id, challenge);
  const failed = declines + refused.length + (isNew && challenge.isRefused ? 1 : 0);
  if (failed > order.declines) await orders.setDeclines(order._id, failed);
  if ((isNew || failed > order.declines) && !(await holdLonger(ports, order))) {
    throw await end(ports, order, 'hostname_taken');
  }
  return failed;
}

/** A payment attempt extends the hold, also an expired one whose name nobody else took. */
async function holdLonger({ store, holdAfterAttemptMs }: BillingPorts, order: OrderRecord): Promise<boolean> {
  const until = new Date(now() + holdAfterAttemptMs);
  const { name } = order.quote.subject;
  if (await store.holds.extend(name, order._id, until)) return true;
  return takeAgain(store, order, { holder: 'order', holderId: order._id, until });
}

/**
 * Takes the name of an order whose hold has gone; false if somebody else has it. An order that is being cancelled may
 * have released its name for the last time already, so it gives the name back and fails with its reason.
 */
async function takeAgain(
  store: Store,
  order: OrderRecord,
  holder: Pick<HostnameHold, 'holder' | 'holderId' | 'until'>,
): Promise<boolean> {
  const hold = { ...holdOf(order), ...holder };
  if ((await store.holds.take(hold)) !== 'held') return false;
  try {
    await findLiveOrder(store, refOf(order));
  } catch (error) {
    await store.holds.release(hold._id, [hold.holderId]);
    throw error;
  }
  return true;
}

/** Starts the fulfilment: the order is fulfilling, and it holds its name until it is undone. */
async function takePayment({ store }: BillingPorts, order: OrderRecord, payment: Paid): Promise<void> {
  const { amount: paid, outside: paidOutside, invoice } = payment;
  await store.orders.setPaid(order._id, { paid, paidOutside, invoice });
  if (!(await store.orders.move(order._id, { to: 'fulfilling' }))) {
    await findLiveOrder(store, refOf(order));
  }
  await requireOpenAccount(store, order);
  await store.timeline.appendOnce(refOf(order), { type: 'order', state: 'fulfilling' });
  if (payment.paidUntil) await store.instances.update(order.instanceId, { paidUntil: payment.paidUntil });
  const { instanceId } = order;
  const kept =
    (await store.holds.own(order.quote.subject.name, order._id, instanceId)) ||
    // The hold expired before the payment arrived; the name may still be free.
    (await takeAgain(store, order, { holder: 'instance', holderId: instanceId, until: null }));
  if (!kept)
    throw new ReasonError('hostname_taken', `${order.quote.subject.name} was taken while the payment was open`);
}

/**
 * Checks, once the order is fulfilling, that its account is open: the unpaid order of a guest does not keep an account
 * from being closed, a fulfilling one does, so of the two exactly one gives way. A closing that has begun is waited
 * for.
 */
async function requireOpenAccount({ orders, accounts, timeline }: Store, order: OrderRecord): Promise<void> {
  if (await accounts.takesOrders(order.accountId)) return;
  if (await accounts.find(order.accountId)) {
    throw new ReasonError('not_paid_yet', 'the account is being closed', { retryAfterMs: closingReadMs });
  }
  const reason = 'account_closed';
  const moved = await orders.move(order._id, { to: 'cancelling', reason });
  if (moved) await timeline.appendOnce(refOf(order), { type: 'order', state: 'cancelling', reason });
  throw new ReasonError(reason);
}

function holdOf(order: OrderRecord) {
  return { _id: order.quote.subject.name, tokenHash: `order:${order._id}`, accountId: holderAccountOf(order) };
}

/** Sets the order to cancelling for this reason; the first reason wins. */
async function end(
  { store }: BillingPorts,
  order: OrderRecord,
  reason: 'payment_expired' | 'too_many_declines' | 'hostname_taken',
): Promise<ReasonError> {
  const moved = await store.orders.move(order._id, { from: 'awaiting_payment', to: 'cancelling', reason });
  if (moved) await store.timeline.appendOnce(refOf(order), { type: 'order', state: 'cancelling', reason });
  return new ReasonError(reason);
}

function refOf(order: OrderRecord) {
  return { instanceId: order.instanceId, orderId: order._id, operationId: order.operationId };
}
