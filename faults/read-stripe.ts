import { z } from 'zod';
import type { Platform } from '../src/embedded/platform.ts';
import type { Evidence } from './evidence.ts';

const Id = z.object({ id: z.string() });
const Subscription = Id.extend({ status: z.string(), metadata: z.record(z.string(), z.string()) });
const Invoice = Id.extend({
  status: z.string().nullable(),
  parent: z.object({ subscription_details: z.object({ subscription: z.string() }).nullish() }).nullish(),
});
const InvoicePayment = Id.extend({ invoice: z.string(), payment: z.object({ payment_intent: z.string().nullish() }) });
const Charge = Id.extend({
  payment_intent: z.string().nullable(),
  amount: z.number(),
  amount_refunded: z.number(),
  paid: z.boolean(),
});

/** All objects at Stripe, with each payment linked to its order by payment intent, invoice and subscription. */
export async function readStripe({ urls, keys }: Platform): Promise<Evidence['stripe']> {
  async function all<Item extends z.infer<typeof Id>>(schema: z.ZodType<Item>, path: string): Promise<Item[]> {
    const items: Item[] = [];
    for (;;) {
      const url = new URL(`/v1/${path}`, urls.stripe);
      url.searchParams.set('limit', '100');
      const last = items.at(-1);
      if (last) url.searchParams.set('starting_after', last.id);
      const answer = await fetch(url, { headers: { authorization: `Bearer ${keys['stripe-secret-key']}` } });
      if (!answer.ok) throw new Error(`Stripe answered ${answer.status} to ${path}`);
      const page = z.object({ data: z.array(schema), has_more: z.boolean() }).parse(await answer.json());
      items.push(...page.data);
      if (!page.has_more) return items;
    }
  }
  const subscriptions = await all(Subscription, 'subscriptions?status=all');
  const invoices = await all(Invoice, 'invoices');
  const payments = await all(InvoicePayment, 'invoice_payments');
  const charges = await all(Charge, 'charges');

  const orderOfSubscription = new Map(subscriptions.map(({ id, metadata }) => [id, metadata.freehold_order ?? null]));
  const subscriptionOf = ({ parent }: z.infer<typeof Invoice>) => parent?.subscription_details?.subscription ?? null;
  const orderOfInvoice = new Map(
    invoices.map((invoice) => [invoice.id, orderOfSubscription.get(subscriptionOf(invoice) ?? '') ?? null]),
  );
  const orderOfIntent = new Map(
    payments.map(({ invoice, payment }) => [payment.payment_intent, orderOfInvoice.get(invoice) ?? null]),
  );
  return {
    subscriptions: subscriptions.map(({ id, status }) => ({
      id,
      status,
      orderId: orderOfSubscription.get(id) ?? null,
    })),
    invoices: invoices.map((invoice) => ({
      ...{ id: invoice.id, status: invoice.status },
      subscriptionId: subscriptionOf(invoice),
    })),
    charges: charges
      .filter(({ paid }) => paid)
      .map(({ id, payment_intent, amount, amount_refunded }) => ({
        ...{ id, amount, refunded: amount_refunded },
        orderId: orderOfIntent.get(payment_intent ?? undefined) ?? null,
      })),
  };
}
