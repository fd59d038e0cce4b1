import type Stripe from 'stripe';
import type { OrderPayment } from '../contracts/order-payment.ts';
import { ReasonError } from '../contracts/reasons.ts';
import { endedSubscriptionStatuses, SubscriptionStatus } from '../contracts/subscription.ts';
import { soldUnder } from '../domain/catalogue/catalogue.ts';
import { call } from './client.ts';
import { type CreateIntents, createOnce } from './create-once.ts';
import { toReason } from './errors.ts';
import { periodEndOf } from './payment-state.ts';
import type { PriceBook, QuotedPrice } from './price-book.ts';

export interface SubscriptionRequest {
  /** `<instanceId>:<operationId>:<step>`. */
  baseKey: string;
  customerId: string;
  orderId: string;
  instanceId: string;
  /** The total of the customer's quote, minor units; Stripe's invoice must equal it to the cent. */
  total: number;
  tax: { country: string; basisPoints: number; name: string; day: string };
  /** The priced lines of the quote, each with its net price in minor units. */
  items: readonly { lookupKey: string; title: string; quantity: number; unitAmount: number }[];
  currency: string;
}

/** A subscription as Stripe has it now. */
export interface SubscriptionState {
  status: SubscriptionStatus;
  items: { lookupKey: string; quantity: number }[];
  period: { start: Date; end: Date };
  /** End of the last period that is paid and not refunded; undefined while there is none. */
  paidUntil: Date | undefined;
}

/** Newest paid invoices to search for the last paid period; invoices of changes may lie in between. */
const invoicesRead = 24;

const expand = ['latest_invoice.payments'];

/**
 * Creates the subscription of an order with its first invoice open: one item for the plan and one per add-on, paid by
 * card. The prices are those of the quote, also when the catalogue has changed since. Throws `price_not_honoured` when
 * Stripe's total differs from the quote's; nothing is recorded then, and the undo of the order cancels it.
 */
export async function createSubscription(
  stripe: Stripe,
  deps: { intents: CreateIntents; priceBook: PriceBook },
  request: SubscriptionRequest,
): Promise<OrderPayment> {
  const [prices, taxRate] = await Promise.all([
    deps.priceBook.pricesOf(request.items.map((item) => quotedPrice(item, request))),
    request.tax.basisPoints > 0 ? deps.priceBook.taxRateOf(request.tax) : undefined,
  ]);
  const parameters: Stripe.SubscriptionCreateParams = {
    customer: request.customerId,
    items: request.items.map(({ lookupKey, quantity }) => ({
      price: prices.get(lookupKey) as string,
      quantity,
      metadata: { role: lookupKey },
    })),
    ...(taxRate ? { default_tax_rates: [taxRate] } : {}),
    payment_behavior: 'default_incomplete',
    payment_settings: { save_default_payment_method: 'on_subscription', payment_method_types: ['card'] },
    billing_mode: { type: 'flexible' },
    metadata: {
      freehold_key: request.baseKey,
      freehold_order: request.orderId,
      freehold_instance: request.instanceId,
      // Stripe copies it onto each invoice.
      freehold_tax_day: request.tax.day,
    },
    expand,
  };
  const subscription = await createOnce<Stripe.Subscription>({
    intents: deps.intents,
    baseKey: request.baseKey,
    parameters,
    create: async (idempotencyKey) =>
      honouring(request, await call('subscription', stripe.subscriptions.create(parameters, { idempotencyKey }))),
    fetch: (id) => call('subscription', stripe.subscriptions.retrieve(id, { expand })),
    find: async () => {
      const found = await findSubscription(stripe, request.customerId, request.baseKey);
      return found && honouring(request, found);
    },
  }).catch((error) => {
    if (error instanceof ReasonError && error.code === 'payment_request_refused') deps.priceBook.forget();
    throw error;
  });

  const invoice = firstInvoiceOf(subscription);
  const paymentIntent = invoice.payments?.data.find(({ payment }) => payment.type === 'payment_intent')?.payment
    .payment_intent;
  const paymentIntentId = typeof paymentIntent === 'string' ? paymentIntent : paymentIntent?.id;
  return {
    customerId: request.customerId,
    subscriptionId: subscription.id,
    invoiceId: invoice.id,
    ...(paymentIntentId ? { paymentIntentId } : {}),
  };
}

type Invoice = Stripe.Invoice & { id: string };

/** The expanded first invoice of a new subscription. */
function firstInvoiceOf({ id, latest_invoice: invoice }: Stripe.Subscription): Invoice {
  if (invoice && typeof invoice !== 'string' && invoice.id) return invoice as Invoice;
  throw new ReasonError('payment_request_refused', `subscription ${id} has no first invoice`);
}

/** The subscription, if its first invoice has the total of the quote. Throws `price_not_honoured`. */
function honouring({ total }: SubscriptionRequest, subscription: Stripe.Subscription): Stripe.Subscription {
  const invoice = firstInvoiceOf(subscription);
  if (invoice.total === total) return subscription;
  throw new ReasonError('price_not_honoured', `Stripe's total is ${invoice.total}, the quote's ${total}`);
}

function quotedPrice(
  { lookupKey, title, unitAmount }: SubscriptionRequest['items'][number],
  { currency }: SubscriptionRequest,
): QuotedPrice {
  return { lookupKey, title, unitAmount, currency, ...soldUnder(lookupKey) };
}

/** The subscription created under this base key, in any status. */
async function findSubscription(
  stripe: Stripe,
  customerId: string,
  baseKey: string,
): Promise<Stripe.Subscription | undefined> {
  for await (const subscription of stripe.subscriptions.list({ customer: customerId, status: 'all', limit: 100 })) {
    if (subscription.metadata.freehold_key !== baseKey) continue;
    return call('subscription', stripe.subscriptions.retrieve(subscription.id, { expand }));
  }
  return undefined;
}

/**
 * Reads the current state of a subscription. Errors: `payment_provider_unavailable`, `payment_request_refused` for one
 * that is not there.
 */
export async function readSubscription(stripe: Stripe, stripeId: string): Promise<SubscriptionState> {
  try {
    const subscription = await call('subscription', stripe.subscriptions.retrieve(stripeId));
    const status = SubscriptionStatus.safeParse(subscription.status);
    if (!status.success) throw new ReasonError('payment_request_refused', `unknown status ${subscription.status}`);
    const paid = await stripe.invoices.list({ subscription: stripeId, status: 'paid', limit: invoicesRead });
    const ends = paid.data
      .filter(({ total, post_payment_credit_notes_amount: credited }) => total <= 0 || credited < total)
      .flatMap((invoice) => periodEndOf(invoice)?.getTime() ?? []);
    const items = subscription.items.data;
    return {
      status: status.data,
      items: items.map(({ price, quantity }) => ({ lookupKey: lookupKeyOf(price), quantity: quantity ?? 1 })),
      period: {
        start: new Date(Math.min(...items.map(({ current_period_start }) => current_period_start)) * 1_000),
        end: new Date(Math.max(...items.map(({ current_period_end }) => current_period_end)) * 1_000),
      },
      paidUntil: ends.length > 0 ? new Date(Math.max(...ends)) : undefined,
    };
  } catch (error) {
    throw toReason(error);
  }
}

/** The key under which a price was sold, also one whose key a newer price has by now; its id where it never had one. */
function lookupKeyOf({ id, lookup_key: current, metadata }: Stripe.Price): string {
  return metadata.freehold_lookup_key ?? current ?? id;
}

/** Whether a subscription can never be paid again. */
export function hasEnded(status: Stripe.Subscription.Status): status is (typeof endedSubscriptionStatuses)[number] {
  return (endedSubscriptionStatuses as readonly string[]).includes(status);
}

/** Every subscription of an order at Stripe, found by the customer and the order's id in the metadata. */
export async function subscriptionsOfOrder(
  stripe: Stripe,
  customerId: string,
  orderId: string,
): Promise<Stripe.Subscription[]> {
  const found: Stripe.Subscription[] = [];
  for await (const subscription of stripe.subscriptions.list({ customer: customerId, status: 'all', limit: 100 })) {
    if (subscription.metadata.freehold_order === orderId) found.push(subscription);
  }
  return found;
}

/** Ids of all invoices that these subscriptions have ever had. */
export async function invoiceIdsOf(stripe: Stripe, subscriptions: readonly { id: string }[]): Promise<string[]> {
  const ids: string[] = [];
  for (const { id } of subscriptions) {
    for await (const invoice of stripe.invoices.list({ subscription: id, limit: 100 })) ids.push(invoice.id as string);
  }
  return ids;
}
