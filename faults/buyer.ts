import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedOrder, OrderPaymentAnswer } from '../src/contracts/api/orders.ts';
import type { Quote } from '../src/contracts/api/quotes.ts';
import type { Customer } from '../src/embedded/demo/customer.ts';
import { payWithCard, testCards } from '../src/embedded/demo/pay-with-card.ts';
import { type Followed, follow } from './follow.ts';
import { isAnswer, persist } from './persist.ts';
import type { PlannedOrder } from './schedule.ts';

/** The bank of this test card requires authentication at every payment. */
const bankAsks = '4000002760003184';
const billing = { name: 'Campaign GmbH', line1: 'Calle Mayor 1', city: 'Madrid', postalCode: '28013' };
/** Card numbers as they would appear in a log. */
export const cardNumbers = [testCards.good, testCards.declined, bankAsks];

export interface Bought {
  planned: PlannedOrder;
  quote: Quote;
  order: AcceptedOrder;
  followed: Followed;
  secrets: { what: string; value: string }[];
}

export interface Shop {
  customer: Customer;
  /** URL of the Stripe emulator, which serves the bank's page. */
  stripe: string;
  declines: number;
  awaitPaymentMs: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Requests the planned quote and order, retrying like a customer who wants the server. */
export async function placeOrder(shop: Shop, planned: PlannedOrder): Promise<Bought> {
  for (;;) {
    try {
      return await placeOnce(shop, planned);
    } catch (error) {
      // The API's clock jumped between quote and order: the customer requests the price again.
      if (!(isAnswer(error) && error.problem.code === 'quote_expired')) throw error;
    }
  }
}

async function placeOnce(shop: Shop, planned: PlannedOrder): Promise<Bought> {
  const { customer } = shop;
  const quote = await quoteFreeName(customer, planned);
  const { id: quoteId, signature, holdToken } = quote;
  const who = randomBytes(5).toString('hex');
  const adminEmail = `admin-${who}@campaign.example.com`;
  const billingEmail = `payer-${who}@campaign.example.com`;
  const request = { quoteId, signature, holdToken, adminEmail, billingEmail, billing, paymentMethod: 'card' as const };
  // The same Idempotency-Key for every attempt: a lost answer creates no second order.
  const key = randomBytes(12).toString('hex');
  const order = await persist(() => customer.order(request, key));
  const secrets = [
    { what: `the hold token of ${order.id}`, value: holdToken },
    { what: `the capability of ${order.id}`, value: order.capability },
  ];
  return { planned, quote, order, followed: follow(customer, order, shop.signal), secrets };
}

async function quoteFreeName(customer: Customer, { plan, cycle, users }: PlannedOrder): Promise<Quote> {
  for (;;) {
    const name = `campaign-${randomBytes(5).toString('hex')}`;
    const addOns: Record<string, number> = users > 0 ? { users } : {};
    const request = { plan, cycle, cloud: 'local', region: 'home', name, addOns, country: 'ES' };
    try {
      return await persist(() => customer.quote(request));
    } catch (error) {
      // The first answer was lost: an unknown quote holds the hostname. The customer chooses another one.
      if (!(isAnswer(error) && error.problem.code === 'hostname_held')) throw error;
    }
  }
}

/** Pays, or does not, as planned. Ends when the customer has nothing more to do at the checkout. */
export async function visitCheckout(shop: Shop, bought: Bought): Promise<void> {
  const { planned, followed } = bought;
  const began = performance.now();
  const payment = await openCheckout(shop, bought);
  if (!payment) return;
  if (payment.clientSecret) {
    bought.secrets.push({ what: `the client secret of ${bought.order.id}`, value: payment.clientSecret });
  }
  const wait = planned.card === 'pays-late' ? shop.awaitPaymentMs - (performance.now() - began) : 0;
  await Promise.race([delay(Math.max(0, wait + planned.hesitatesMs)), followed.ended.catch(() => undefined)]);
  const pay = (card: string) => payWithRetry(shop, bought, payment, card);
  switch (planned.card) {
    case 'pays':
    case 'pays-late':
      return void (await pay(testCards.good));
    case 'declined-then-pays':
      await pay(testCards.declined);
      return void (await pay(testCards.good));
    case 'declined-gives-up':
      return void (await pay(testCards.declined));
    case 'declined-too-often':
      for (let attempt = 1; attempt <= shop.declines; attempt += 1) await pay(testCards.declined);
      return;
    case 'bank-approves':
      if ((await pay(bankAsks)) === 'requires_action') await approveAtBank(shop, bought, payment);
      return;
    case 'bank-abandoned':
      return void (await pay(bankAsks));
  }
}

/** The data of the checkout page; undefined if the order ended before there was anything to pay. */
async function openCheckout(shop: Shop, { order, followed }: Bought): Promise<OrderPaymentAnswer | undefined> {
  const stop = new AbortController();
  followed.ended.then(
    () => stop.abort(),
    () => stop.abort(),
  );
  try {
    return await persist(() => shop.customer.payment(order, AbortSignal.any([stop.signal, shop.signal])));
  } catch (error) {
    // Refused for good because the order has ended or is being refunded.
    if (isAnswer(error) || stop.signal.aborted) return undefined;
    throw error;
  }
}

/** One payment, retried while Stripe fails; undefined if there is nothing to pay any more. */
async function payWithRetry(
  shop: Shop,
  { order, followed }: Bought,
  payment: OrderPaymentAnswer,
  card: string,
): Promise<string | undefined> {
  for (let attempt = 1; attempt <= 60; attempt += 1) {
    try {
      const answer = await payWithCard(payment, card);
      return 'status' in answer ? answer.status : answer.declined;
    } catch {
      // A broken connection, an error of Stripe's, or a refusal because the payment is over: ask the order.
      const details = await persist(() => shop.customer.details(order));
      if (details.state !== 'awaiting_payment' || details.paid > 0) return undefined;
    }
    await Promise.race([delay(1_000), followed.ended.catch(() => undefined)]);
  }
  return undefined;
}

async function approveAtBank(shop: Shop, { followed }: Bought, payment: OrderPaymentAnswer): Promise<void> {
  const page = new URL(`/emulator/3ds/${payment.clientSecret!.split('_secret_')[0]}`, shop.stripe);
  for (let attempt = 1; attempt <= 60 && followed.state === 'awaiting_payment'; attempt += 1) {
    try {
      const answer = await fetch(page, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ answer: 'approve' }),
        redirect: 'manual',
      });
      await answer.body?.cancel();
      if (answer.status < 500) return;
    } catch {
      // The bank's page is briefly down with the emulator.
    }
    await delay(1_000);
  }
}

/** Cancels as a customer does; returns the result in words. */
export async function cancelOrder(shop: Shop, { order }: Bought): Promise<string> {
  try {
    await persist(() => shop.customer.cancel(order));
    return 'cancelled';
  } catch (error) {
    if (isAnswer(error)) return `too late (${error.problem.code})`;
    throw error;
  }
}
