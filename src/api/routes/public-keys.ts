import { KeySet } from '../../contracts/api/licence-token.ts';
import { route } from '../../routing/route.ts';
import { open } from '../guards/guard.ts';

export const publicKeyRoutes = [
  route({
    method: 'get',
    path: '/.well-known/jwks.json',
    tag: 'Account',
    summary: 'Public keys of licence tokens',
    description: 'Includes the next key long before it signs, and a retired key until its last token has expired.',
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
