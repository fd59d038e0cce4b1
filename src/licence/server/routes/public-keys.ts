import { route } from '../../../routing/route.ts';
import { LicenceKeys } from '../../protocol/verdict.ts';
import { open } from '../guards/guard.ts';

export const publicKeyRoutes = [
  route({
    method: 'get',
    path: '/.well-known/license-keys.json',
    tag: 'nodes',
    summary: 'Public keys that verify verdicts: current, next and retired ones, and signed statements about them',
    guard: open,
    answers: { 200: LicenceKeys },
    problems: [],
    handler: async ({ context }) => ({
      status: 200,
      body: context.keys.publicKeys,
      headers: { 'Cache-Control': 'public, max-age=300' },
    }),
  }),
];
