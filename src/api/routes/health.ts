import { Liveness, Readiness } from '../../contracts/api/health.ts';
import { route } from '../../routing/route.ts';
import { open } from '../guards/guard.ts';
import { readReadiness } from '../readiness.ts';

export const healthRoutes = [
  route({
    method: 'get',
    path: '/health/live',
    tag: 'Health',
    summary: 'Whether this process runs',
    guard: open,
    answers: { 200: Liveness },
    problems: [],
    handler: async () => ({ status: 200, body: { status: 'ok' } }),
  }),
  route({
    method: 'get',
    path: '/health/ready',
    tag: 'Health',
    summary: 'Whether this process reaches database and workflows',
    guard: open,
    answers: { 200: Readiness, 503: Readiness },
    problems: [],
    handler: async ({ deps }) => {
      const readiness = await readReadiness(deps);
      return { status: readiness.status === 'ok' ? 200 : 503, body: readiness };
    },
  }),
];
