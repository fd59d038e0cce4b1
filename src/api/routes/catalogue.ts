import { Catalogue } from '../../contracts/catalogue.ts';
import { route } from '../../routing/route.ts';
import { open } from '../guards/guard.ts';

export const catalogueRoutes = [
  route({
    method: 'get',
    path: '/v1/catalogue',
    tag: 'Shop',
    summary: 'Plans, add-ons, clouds and prices',
    guard: open,
    answers: { 200: Catalogue },
    problems: [],
    handler: async ({ deps }) => ({
      status: 200,
      body: deps.catalogue,
      headers: { 'Cache-Control': 'public, max-age=60' },
    }),
  }),
];
