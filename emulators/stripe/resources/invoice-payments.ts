import type { Stripe } from 'stripe';
import { z } from 'zod';
import { resource, route } from '../kernel/context.ts';
import { onlyExpand, pagination, paramsOf, text, timeFilter } from '../kernel/params.ts';

const ListParams = paramsOf<Stripe.InvoicePaymentListParams>()(
  z.strictObject({
    ...pagination,
    created: timeFilter.optional(),
    invoice: text().optional(),
    payment: z.strictObject({ payment_intent: text(), type: z.literal('payment_intent') }).optional(),
    status: z.enum(['canceled', 'open', 'paid']).optional(),
  }),
);

/** Invoice payments: `/v1/invoice_payments`, which payment intent pays which invoice. */
export const invoicePayments = resource<'invoice_payment'>({
  object: 'invoice_payment',
  expandable: ['invoice', 'payment.payment_intent'],
  routes: [
    route({
      method: 'GET',
      path: '/v1/invoice_payments',
      params: ListParams,
      handle: (ctx, { created, invoice, payment, status, ...cursor }) => {
        const filter = { created, invoice, status, 'payment.payment_intent': payment?.payment_intent };
        return ctx.store.page('invoice_payment', { url: '/v1/invoice_payments', filter, cursor });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/invoice_payments/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('invoice_payment', id),
    }),
  ],
});
