import type { Stripe } from 'stripe';
import { z } from 'zod';
import { collect } from '../flows/collect.ts';
import {
  defaultMethod,
  defaultPayment,
  draftInvoice,
  finalizeInvoice,
  markPaid,
  sumInvoice,
  voidInvoice,
} from '../flows/invoice-lifecycle.ts';
import { paymentMethodTypeNames } from '../flows/payment-method-types.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { cardError, invalidRequest } from '../kernel/errors.ts';
import { change, emit } from '../kernel/events.ts';
import {
  amount,
  boolean,
  clearable,
  expand,
  list,
  mergeMetadata,
  metadataChange,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';
import { takePendingItems } from './invoice-items.ts';
import { paymentMethodOf } from './payment-methods.ts';
import { ratesOf } from './tax-rates.ts';

const paymentSettings = z.strictObject({
  payment_method_types: clearable(list(z.enum(paymentMethodTypeNames))).optional(),
});

const CreateParams = paramsOf<Stripe.InvoiceCreateParams>()(
  z.strictObject({
    auto_advance: boolean.optional(),
    collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
    currency: text(3).optional(),
    customer: text(),
    days_until_due: amount.optional(),
    default_payment_method: text().optional(),
    default_tax_rates: list(text()).optional(),
    description: text(1500).optional(),
    expand: expand.optional(),
    footer: text().optional(),
    metadata: metadataChange.optional(),
    payment_settings: paymentSettings.optional(),
    pending_invoice_items_behavior: z.enum(['exclude', 'include']).optional(),
  }),
);
const UpdateParams = paramsOf<Stripe.InvoiceUpdateParams>()(
  z.strictObject({
    auto_advance: boolean.optional(),
    default_payment_method: text().optional(),
    description: text(1500).optional(),
    expand: expand.optional(),
    footer: text().optional(),
    metadata: metadataChange.optional(),
  }),
);
const FinalizeParams = paramsOf<Stripe.InvoiceFinalizeInvoiceParams>()(
  z.strictObject({ auto_advance: boolean.optional(), expand: expand.optional() }),
);
const PayParams = paramsOf<Stripe.InvoicePayParams>()(
  z.strictObject({
    expand: expand.optional(),
    off_session: boolean.optional(),
    paid_out_of_band: boolean.optional(),
    payment_method: text().optional(),
  }),
);
const ListParams = paramsOf<Stripe.InvoiceListParams>()(
  z.strictObject({
    ...pagination,
    collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
    created: timeFilter.optional(),
    customer: text().optional(),
    status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
    subscription: text().optional(),
  }),
);
const LineListParams = paramsOf<Stripe.InvoiceListLineItemsParams>()(z.strictObject(pagination));

/** Invoices: `/v1/invoices`. */
export const invoices = resource<'invoice'>({
  object: 'invoice',
  expandable: ['customer', 'default_payment_method', 'parent.subscription_details.subscription'],
  included: {
    confirmation_secret: (ctx, invoice) => {
      const intentId = defaultPayment(ctx, invoice)?.payment.payment_intent as string | undefined;
      if (intentId === undefined) return null;
      return { client_secret: ctx.store.get('payment_intent', intentId).client_secret, type: 'payment_intent' };
    },
    payments: (ctx, invoice) =>
      ctx.store.page('invoice_payment', {
        url: `/v1/invoice_payments?invoice=${invoice.id}`,
        filter: { invoice: invoice.id },
        cursor: {},
      }),
  },
  render: (ctx, invoice) => ({ ...invoice, lines: linesOf(ctx, invoice.id, {}) }),
  routes: [
    route({ method: 'POST', path: '/v1/invoices', params: CreateParams, handle: createInvoice }),
    route({
      method: 'GET',
      path: '/v1/invoices',
      params: ListParams,
      handle: (ctx, { subscription, collection_method, created, customer, status, ...cursor }) => {
        const filter = {
          collection_method,
          created,
          customer,
          status,
          'parent.subscription_details.subscription': subscription,
        };
        return ctx.store.page('invoice', { url: '/v1/invoices', filter, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/invoices/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('invoice', id),
    }),
    route({ method: 'POST', path: '/v1/invoices/:id', params: UpdateParams, handle: updateInvoice }),
    route({ method: 'DELETE', path: '/v1/invoices/:id', params: z.strictObject({}), handle: deleteInvoice }),
    route({
      method: 'GET',
      path: '/v1/invoices/:id/lines',
      params: LineListParams,
      handle: (ctx, cursor, { id }) => linesOf(ctx, ctx.store.get('invoice', id).id, cursor),
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/finalize',
      params: FinalizeParams,
      handle: (ctx, params, { id }) => {
        const finalized = finalizeInvoice(ctx, ctx.store.get('invoice', id));
        return params.auto_advance === undefined || finalized.status !== 'open'
          ? finalized
          : change(ctx, finalized, { auto_advance: params.auto_advance });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/send',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => {
        const invoice = ctx.store.get('invoice', id);
        const opened = invoice.status === 'draft' ? finalizeInvoice(ctx, invoice) : invoice;
        emit(ctx, 'invoice.sent', opened);
        return opened;
      },
    }),
    route({ method: 'POST', path: '/v1/invoices/:id/pay', params: PayParams, handle: payInvoice }),
    route({
      method: 'POST',
      path: '/v1/invoices/:id/void',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => voidInvoice(ctx, ctx.store.get('invoice', id)),
    }),
  ],
});

/** The lines of an invoice, listed by `/v1/invoices/:id/lines`. */
export const invoiceLines = resource<'line_item'>({
  object: 'line_item',
  expandable: ['pricing.price_details.price', 'subscription'],
  routes: [],
});

function linesOf(
  ctx: Context,
  invoice: string,
  cursor: z.output<typeof LineListParams>,
): Stripe.ApiList<Stripe.InvoiceLineItem> {
  const url = `/v1/invoices/${invoice}/lines`;
  return ctx.store.page('line_item', { url, filter: { invoice }, cursor, oldestFirst: true });
}

function createInvoice(ctx: Context, params: z.output<typeof CreateParams>): Stripe.Invoice {
  const customer = ctx.store.get('customer', params.customer, 'customer');
  const sends = params.collection_method === 'send_invoice';
  if (sends && params.days_until_due === undefined) {
    throw invalidRequest({
      code: 'parameter_missing',
      message: 'You must specify `due_date` or `days_until_due` when `collection_method` is `send_invoice`.',
      param: 'days_until_due',
    });
  }
  const draft = draftInvoice(ctx, {
    customer,
    currency: params.currency?.toLowerCase() ?? customer.currency ?? 'eur',
    subscription: null,
    reason: 'manual',
    defaultTaxRates: ratesOf(ctx, params.default_tax_rates, 'default_tax_rates'),
    collectionMethod: params.collection_method ?? 'charge_automatically',
    daysUntilDue: sends ? params.days_until_due! : null,
    autoAdvance: params.auto_advance ?? false,
    metadata: mergeMetadata({}, params.metadata),
    description: params.description ?? null,
    footer: params.footer ?? null,
    paymentMethodTypes: params.payment_settings?.payment_method_types || null,
    defaultPaymentMethod: params.default_payment_method ?? null,
  });
  if (params.pending_invoice_items_behavior === 'include') takePendingItems(ctx, draft);
  return sumInvoice(ctx, draft, 'invoice.created');
}

function updateInvoice(ctx: Context, params: z.output<typeof UpdateParams>, { id }: { id: string }): Stripe.Invoice {
  const invoice = ctx.store.get('invoice', id);
  if (invoice.status !== 'draft' && (params.description !== undefined || params.footer !== undefined)) {
    throw invalidRequest({
      code: 'invoice_not_editable',
      message: 'Finalized invoices cannot be updated except for their metadata and how they are collected.',
    });
  }
  const { expand: _expand, metadata, ...plain } = params;
  const method = params.default_payment_method;
  if (method) ctx.store.get('payment_method', method, 'default_payment_method');
  return change(ctx, invoice, { ...plain, metadata: mergeMetadata(invoice.metadata, metadata) }, 'invoice.updated');
}

function deleteInvoice(ctx: Context, _params: unknown, { id }: { id: string }) {
  const invoice = ctx.store.get('invoice', id);
  if (invoice.status !== 'draft') {
    throw invalidRequest({
      code: 'invoice_not_editable',
      message: 'You can only delete draft invoices. Void this one instead.',
    });
  }
  if (invoice.parent?.subscription_details) {
    throw invalidRequest({
      code: 'invoice_not_editable',
      message: "You can't delete invoices created by subscriptions.",
    });
  }
  for (const line of ctx.store.all('line_item', { invoice: id })) ctx.store.remove(line.id);
  ctx.store.remove(id);
  emit(ctx, 'invoice.deleted', invoice);
  return { id, object: 'invoice', deleted: true } as const;
}

/** Pays now; a refusal is a 402 that leaves the invoice open. */
function payInvoice(ctx: Context, params: z.output<typeof PayParams>, { id }: { id: string }): Stripe.Invoice {
  const found = ctx.store.get('invoice', id);
  const invoice = found.status === 'draft' ? finalizeInvoice(ctx, found) : found;
  if (invoice.status === 'paid' && found.status === 'draft') return invoice;
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw invalidRequest({
      message:
        invoice.status === 'paid' ? 'Invoice is already paid' : `You cannot pay an invoice that is ${invoice.status}.`,
    });
  }
  const payment = defaultPayment(ctx, invoice);
  const intent = payment && ctx.store.get('payment_intent', payment.payment.payment_intent as string);
  if (params.paid_out_of_band) {
    const paid = markPaid(ctx, invoice, null);
    if (intent)
      change(ctx, intent, { status: 'canceled', canceled_at: ctx.clock.seconds() }, 'payment_intent.canceled');
    return paid;
  }
  const methodId = params.payment_method ?? defaultMethod(ctx, invoice);
  if (methodId === null || !intent) {
    throw invalidRequest({
      message:
        'There is no `default_payment_method` set on this Customer or Invoice. Please set either field before attempting to pay this invoice.',
    });
  }
  const collected = collect(ctx, intent, {
    method: paymentMethodOf(ctx, methodId),
    offSession: params.off_session ?? true,
  });
  if (collected.error) throw cardError({ ...collected.error });
  if (collected.intent.status === 'requires_action') {
    throw cardError({
      code: 'invoice_payment_intent_requires_action',
      message:
        'Payment for this invoice requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the invoice.',
      payment_intent: collected.intent,
    });
  }
  return ctx.store.get('invoice', id);
}
