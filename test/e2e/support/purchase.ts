import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedOrder, OrderPaymentAnswer, OrderRequest } from '../../../src/contracts/api/orders.ts';
import type { Quote, QuoteRequest } from '../../../src/contracts/api/quotes.ts';
import type { TimelineEvent } from '../../../src/contracts/events.ts';
import type { ReasonCode } from '../../../src/contracts/reasons.ts';
import { type OrderState, orderHasEnded, type StepStatus } from '../../../src/contracts/states.ts';
import type { StepName } from '../../../src/contracts/steps.ts';
import { payWithCard } from '../../../src/embedded/demo/pay-with-card.ts';
import { until } from '../../support/until.ts';
import { timeoutMs, type World } from './world.ts';

/** Stripe's test cards (docs.stripe.com/testing). */
export const cards = {
  good: '4242424242424242',
  declined: '4000000000000002',
  /** The bank asks for confirmation (3-D Secure) at every payment. */
  asksBank: '4000002760003184',
  /** The bank returns refunds some days later. */
  refundFails: '4000000000005126',
} as const;

export const administrator = 'ada@example.com';

/** A hostname that no other test orders. */
export function someName(): string {
  return `e2e-${randomBytes(4).toString('hex')}`;
}

export function cart(change: Partial<QuoteRequest> = {}): QuoteRequest {
  return { plan: 'GROW', cycle: 'monthly', cloud: 'local', region: 'home', name: someName(), country: 'ES', ...change };
}

export function orderOf(quote: Quote): OrderRequest {
  const billing = { name: 'Acme GmbH', line1: 'Calle Mayor 1', city: 'Madrid', postalCode: '28013' };
  const { id: quoteId, signature, holdToken } = quote;
  const billingEmail = `payer-${quoteId.slice(-6)}@example.com`;
  return { quoteId, signature, holdToken, adminEmail: administrator, billingEmail, billing, paymentMethod: 'card' };
}

/** An order with the events of its stream so far. */
export interface Purchase {
  quote: Quote;
  order: AcceptedOrder;
  name: string;
  payer: string;
  events: readonly TimelineEvent[];
  /** Resolves with the first event that `matches` accepts. */
  until(what: string, matches: (event: TimelineEvent) => boolean): Promise<TimelineEvent>;
  /** Resolves when a step has this status. */
  step(step: StepName, status: StepStatus, attempt?: number): Promise<TimelineEvent & { type: 'step' }>;
  /** Resolves with the final state of the order when it and its operation have ended. */
  end(): Promise<{ state: OrderState; reason: ReasonCode | undefined }>;
  /** Reads what the browser needs to pay, as the checkout page does when it opens. */
  openCheckout(): Promise<void>;
  /** Pays directly at Stripe, as a browser does; the checkout may have been opened long before. */
  pay(card?: string): Promise<{ status: string } | { declined: string }>;
  /** Answers the bank's confirmation request; returns the bank's HTTP status. */
  answerBank(answer: 'approve' | 'refuse'): Promise<number>;
  cancel(): Promise<void>;
}

/** Quotes, orders, and follows the order's event stream from its beginning. */
export async function buy(world: World, change: Partial<QuoteRequest> = {}): Promise<Purchase> {
  const quote = await world.customer.quote(cart(change));
  const order = await world.customer.order(orderOf(quote), randomBytes(12).toString('hex'));
  return followPurchase(world, quote, order);
}

/** Follows an order that was already placed. */
export function followPurchase(world: World, quote: Quote, order: AcceptedOrder): Purchase {
  const { customer, platform } = world;
  const events: TimelineEvent[] = [];
  let broken: unknown;
  const read = async () => {
    while (!world.ended.aborted) {
      try {
        for await (const event of customer.events(order, world.ended)) {
          if (event.sequence > (events.at(-1)?.sequence ?? 0)) events.push(event);
        }
      } catch (error) {
        // A lost connection; jest's TypeError differs from fetch's, so the class is no criterion.
        if ((error as Error).name !== 'TypeError') throw error;
        await delay(200);
      }
    }
  };
  read().catch((error: unknown) => {
    broken = error;
  });
  const story = () =>
    events
      .filter((event) => event.type !== 'log')
      .map(
        (event) =>
          `${event.sequence} ${event.type === 'step' ? `${event.step} ${event.attempt}` : event.type}: ${
            event.type === 'order' ? event.state : event.status
          } ${'reason' in event && event.reason ? event.reason : ''}`,
      )
      .join('\n  ');

  async function wait<T>(what: string, look: () => T): Promise<NonNullable<T>> {
    const looked = () => {
      if (broken) throw broken;
      return look();
    };
    try {
      return await until(looked, { what, limitMs: timeoutMs, everyMs: 30 });
    } catch (error) {
      throw new Error(`${(error as Error).message}; what the stream told:\n  ${story()}`, { cause: error });
    }
  }
  let payment: Promise<OrderPaymentAnswer> | undefined;
  const readPayment = () => {
    payment ??= customer.payment(order, AbortSignal.timeout(timeoutMs));
    return payment;
  };

  return {
    quote,
    order,
    name: quote.subject.hostname.split('.')[0]!,
    payer: orderOf(quote).billingEmail!,
    events,
    until: (what, matches) => wait(what, () => events.find(matches)),
    step: (step, status, attempt) =>
      wait(`${step} is ${status}`, () =>
        events.find(
          (event): event is TimelineEvent & { type: 'step' } =>
            event.type === 'step' &&
            event.step === step &&
            event.status === status &&
            (attempt === undefined || event.attempt === attempt),
        ),
      ),
    async end() {
      return wait('the order and its operation have ended', () => {
        const operationEnded = events.some(
          (event) => event.type === 'operation' && ['succeeded', 'failed', 'cancelled'].includes(event.status),
        );
        const last = events.findLast((event) => event.type === 'order');
        if (!operationEnded || last?.type !== 'order' || !orderHasEnded(last.state)) return undefined;
        return { state: last.state, reason: last.reason };
      });
    },
    async openCheckout() {
      await readPayment();
    },
    async pay(card = cards.good) {
      return payWithCard(await readPayment(), card);
    },
    async answerBank(answer) {
      const { clientSecret } = await readPayment();
      const page = `${platform.urls.stripe}/emulator/3ds/${clientSecret!.split('_secret_')[0]}`;
      const response = await fetch(page, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ answer }),
        redirect: 'manual',
      });
      await response.body?.cancel();
      return response.status;
    },
    cancel: () => customer.cancel(order),
  };
}
