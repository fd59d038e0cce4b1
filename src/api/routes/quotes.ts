import { Quote, QuoteRequest } from '../../contracts/api/quotes.ts';
import { route } from '../../routing/route.ts';
import { requireAccount } from '../guards/require-account.ts';
import { makeQuote } from '../orders/make-quote.ts';

export const quoteRoutes = [
  route({
    method: 'post',
    path: '/v1/quotes',
    tag: 'Shop',
    summary: 'Price a cart and hold its hostname',
    description:
      'The price is honoured and the name held until `expiresAt`. Send `holdToken` with the next quote of the same ' +
      'cart to take over the hold.',
    guard: requireAccount('viewer', { guests: true }),
    body: QuoteRequest,
    answers: { 201: Quote },
    problems: [
      'plan_unknown',
      'cycle_unknown',
      'cloud_unknown',
      'cloud_not_enabled',
      'region_unknown',
      'zone_unknown',
      'size_unavailable',
      'topology_not_enabled',
      'add_on_unknown',
      'add_on_not_allowed',
      'quantity_out_of_range',
      'brand_needs_domain',
      'country_unknown',
      'hostname_malformed',
      'hostname_reserved',
      'hostname_taken',
      'hostname_ordered',
      'hostname_held',
      'too_many_holds',
    ],
    handler: async ({ deps, body, caller, ip }) => ({
      status: 201,
      body: await makeQuote(deps, body, { accountId: caller?.account._id, ip }),
    }),
  }),
];
