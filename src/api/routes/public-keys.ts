import { KeySet } from '../../contracts/api/licence-token.ts';
import { route } from '../../routing/route.ts';
import { open } from '../guards/guard.ts';

export const publicKeyRoutes = [
  route({
    method: 'get',
    path: '/.well-known/jwks.json',
    tag: 'Account',
    summary: 'Public keys of licence tokens',
    description: 'The next key is among them long before it signs, and a retired one until its last token has ended.',
    guard: open,
    answers: { 200: KeySet },
    problems: [],
    handler: async ({ deps }) => ({
      status: 200,
      body: deps.licenceTokens.publicKeys,
      headers: { 'Cache-Control': 'public, max-age=300' },
    }),
  }),
];
