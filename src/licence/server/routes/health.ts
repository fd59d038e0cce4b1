import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import { open } from '../guards/guard.ts';
import { Refusal } from '../refusal.ts';

const Healthy = z.object({ status: z.literal('ok') });

export const healthRoutes = [
  route({
    method: 'get',
    path: '/health/live',
    tag: 'health',
    summary: 'Whether the process runs',
    guard: open,
    answers: { 200: Healthy },
    problems: [],
    handler: async () => ({ status: 200, body: { status: 'ok' } }),
  }),
  route({
    method: 'get',
    path: '/health/ready',
    tag: 'health',
    summary: 'Whether the process can answer: its database is reachable',
    guard: open,
    answers: { 200: Healthy },
    problems: [],
    async handler({ context }) {
      try {
        await context.db.ping();
      } catch (error) {
        context.log.warn({ err: error }, 'database does not answer');
        throw new Refusal('SERVICE_UNAVAILABLE', 'The database does not answer.', { retryAfterSec: 5 });
      }
      return { status: 200, body: { status: 'ok' } };
    },
  }),
];
