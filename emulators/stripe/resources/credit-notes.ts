import type { Stripe } from 'stripe';
import { z } from 'zod';
import { CreateParams, credit } from '../flows/credit.ts';
import { type Context, resource, route } from '../kernel/context.ts';
import { change } from '../kernel/events.ts';
import {
  expand,
  mergeMetadata,
  metadata,
  onlyExpand,
  pagination,
  paramsOf,
  text,
  timeFilter,
} from '../kernel/params.ts';

const UpdateParams = paramsOf<Stripe.CreditNoteUpdateParams>()(
  z.strictObject({ expand: expand.optional(), memo: text().optional(), metadata: metadata.optional() }),
);
const ListParams = paramsOf<Stripe.CreditNoteListParams>()(
  z.strictObject({
    ...pagination,
    created: timeFilter.optional(),
    customer: text().optional(),
    invoice: text().optional(),
  }),
);
const LineListParams = paramsOf<Stripe.CreditNoteListLineItemsParams>()(z.strictObject(pagination));

/** Credit notes: `/v1/credit_notes`. One with a `refund_amount` creates that refund itself. */
export const creditNotes = resource<'credit_note'>({
  object: 'credit_note',
  expandable: ['customer', 'invoice', 'refunds.refund'],
  render: (ctx, note) => ({ ...note, lines: linesOf(ctx, note.id, {}) }),
  routes: [
    route({ method: 'POST', path: '/v1/credit_notes', params: CreateParams, handle: credit }),
    route({
      method: 'GET',
      path: '/v1/credit_notes',
      params: ListParams,
      handle: (ctx, { created, customer, invoice, ...cursor }) =>
        ctx.store.page('credit_note', { url: '/v1/credit_notes', filter: { created, customer, invoice }, cursor }),
    }),
    route({
      method: 'GET',
      path: '/v1/credit_notes/:id',
      params: onlyExpand,
      handle: (ctx, _params, { id }) => ctx.store.get('credit_note', id),
    }),
    route({
      method: 'POST',
      path: '/v1/credit_notes/:id',
      params: UpdateParams,
      handle: (ctx, params, { id }) => {
        const note = ctx.store.get('credit_note', id);
        const patch: Partial<Stripe.CreditNote> = {
          metadata: mergeMetadata(note.metadata, params.metadata),
          ...(params.memo === undefined ? {} : { memo: params.memo }),
        };
        return change(ctx, note, patch, 'credit_note.updated');
      },
    }),
    route({
      method: 'GET',
      path: '/v1/credit_notes/:id/lines',
      params: LineListParams,
      handle: (ctx, cursor, { id }) => linesOf(ctx, ctx.store.get('credit_note', id).id, cursor),
    }),
  ],
});

/** The lines of a credit note, listed by `/v1/credit_notes/:id/lines`. */
export const creditNoteLines = resource<'credit_note_line_item'>({ object: 'credit_note_line_item', routes: [] });

function linesOf(
  ctx: Context,
  id: string,
  cursor: z.output<typeof LineListParams>,
): Stripe.ApiList<Stripe.CreditNoteLineItem> {
  const lines = ctx.store.hidden<{ lines: string[] }>(id)?.lines ?? [];
  const url = `/v1/credit_notes/${id}/lines`;
  return ctx.store.page('credit_note_line_item', { url, filter: { id: lines }, cursor, oldestFirst: true });
}
