import { Stripe } from 'stripe';
import { z } from 'zod';
import { sumInvoice } from '../flows/invoice-lifecycle.ts';
import { addLine } from '../flows/invoice-lines.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { emit } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import {
  amount,
  expand,
  integer,
  list,
  mergeMetadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { ratesOf } from './tax-rates.ts';

const CreateParams = paramsOf<Stripe.InvoiceItemCreateParams>()(
  z.strictObject({
    amount: integer.optional(),
    currency: text(3).optional(),
    customer: text(),
    description: text().optional(),
    expand: expand.optional(),
    invoice: text().optional(),
    metadata: metadataChange.optional(),
    period: z.strictObject({ start: integer, end: integer }).optional(),
    pricing: z.strictObject({ price: text() }).optional(),
    quantity: amount.optional(),
    tax_rates: list(text()).optional(),
  }),
);
const ListParams = paramsOf<Stripe.InvoiceItemListParams>()(
  z.strictObject({
    ...pagination,
    created: timeFilter.optional(),
    customer: text().optional(),
    invoice: text().optional(),
    pending: z
      .literal('true')
      .transform(() => true as const)
      .optional(),
  }),
);

/** Invoice items: `/v1/invoiceitems`, lines of one-off invoices. */
export const invoiceItems = resource<'invoiceitem'>({
  object: 'invoiceitem',
  expandable: ['customer', 'invoice', 'pricing.price_details.price'],
  routes: [
    route({ method: 'POST', path: '/v1/invoiceitems', params: CreateParams, handle: createInvoiceItem }),
    route({
      method: 'GET',
      path: '/v1/invoiceitems',
      params: ListParams,
      handle: (ctx, { created, customer, invoice, pending, ...cursor }) => {
        const filter = { date: created, customer, invoice: pending ? null : invoice };
        return ctx.store.page('invoiceitem', { url: '/v1/invoiceitems', filter, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/invoiceitems/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('invoiceitem', id),
    }),
    route({
      method: 'DELETE',
      path: '/v1/invoiceitems/:id',
      params: z.strictObject({}),
      handle: (ctx, _params, { id }) => {
        const item = ctx.store.get('invoiceitem', id);
        if (item.invoice) {
          const invoice = openDraft(ctx, item.invoice as string);
          const lines = ctx.store.all('line_item', {
            invoice: invoice.id,
            'parent.invoice_item_details.invoice_item': id,
          });
          for (const line of lines) ctx.store.remove(line.id);
          sumInvoice(ctx, invoice);
        }
        ctx.store.remove(id);
        emit(ctx, 'invoiceitem.deleted', item);
        return { id, object: 'invoiceitem', deleted: true };
      },
    }),
  ],
});

/** Adds the customer's pending items in the draft's currency to it. */
export function takePendingItems(ctx: Context, draft: Stripe.Invoice): void {
  const waiting = ctx.store.all('invoiceitem', {
    customer: draft.customer as string,
    currency: draft.currency,
    invoice: null,
  });
  for (const item of waiting) putOn(ctx, item, draft);
}

function createInvoiceItem(ctx: Context, params: z.output<typeof CreateParams>): Stripe.InvoiceItem {
  const customer = ctx.store.get('customer', params.customer, 'customer');
  const draft = params.invoice ? openDraft(ctx, params.invoice) : null;
  const price = params.pricing ? ctx.store.get('price', params.pricing.price, 'pricing[price]') : null;
  const quantity = params.quantity ?? 1;
  const total = price ? (price.unit_amount ?? 0) * quantity : params.amount;
  if (total === undefined) {
    throw invalidRequest({ code: 'parameter_missing', message: 'Missing required param: amount.', param: 'amount' });
  }
  const date = ctx.clock.seconds();
  const item = ctx.store.insert<Stripe.InvoiceItem>({
    id: newId('ii'),
    object: 'invoiceitem',
    amount: total,
    currency: price?.currency ?? params.currency?.toLowerCase() ?? draft?.currency ?? 'eur',
    customer: customer.id,
    customer_account: null,
    date,
    description: params.description ?? (price && ctx.store.get('product', price.product as string).name),
    discountable: true,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    net_amount: total,
    parent: null,
    period: params.period ?? { start: date, end: date },
    pricing: {
      ...(price ? { price_details: { price: price.id, product: price.product as string } } : {}),
      type: 'price_details',
      unit_amount_decimal: Stripe.Decimal.from(price ? (price.unit_amount ?? 0) : total),
    },
    proration: false,
    quantity,
    quantity_decimal: Stripe.Decimal.from(quantity),
    tax_rates: ratesOf(ctx, params.tax_rates, 'tax_rates'),
    test_clock: null,
  });
  emit(ctx, 'invoiceitem.created', item);
  if (!draft) return item;
  putOn(ctx, item, draft);
  sumInvoice(ctx, draft);
  return ctx.store.get('invoiceitem', item.id);
}

function putOn(ctx: Context, item: Stripe.InvoiceItem, draft: Stripe.Invoice): void {
  const price = item.pricing?.price_details?.price as string | undefined;
  addLine(ctx, draft, {
    amount: item.amount,
    description: item.description,
    quantity: item.quantity,
    period: item.period,
    parent: {
      invoice_item_details: { invoice_item: item.id, proration: false, proration_details: null, subscription: null },
      subscription_item_details: null,
      type: 'invoice_item_details',
    },
    price: price === undefined ? null : ctx.store.get('price', price),
    taxRates: item.tax_rates ?? [],
    metadata: item.metadata ?? {},
    subscription: null,
  });
  ctx.store.save({ ...item, invoice: draft.id });
}

function openDraft(ctx: Context, id: string): Stripe.Invoice {
  const invoice = ctx.store.get('invoice', id, 'invoice');
  if (invoice.status === 'draft') return invoice;
  throw invalidRequest({
    code: 'invoice_not_editable',
    message: 'This invoice is no longer editable: it has been finalized.',
    param: 'invoice',
  });
}
