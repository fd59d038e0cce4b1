import { Liveness, Readiness } from '../../contracts/api/health.ts';
import { route } from '../../routing/route.ts';
import { open } from '../guards/guard.ts';

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
      const [database, temporal] = await Promise.all([answers(deps.store.ping()), answers(deps.workflows.ping())]);
      const ok = database === 'ok' && temporal === 'ok';
      return { status: ok ? 200 : 503, body: { status: ok ? 'ok' : 'degraded', database, temporal } };
    },
  }),
];

async function answers(question: Promise<void>): Promise<'ok' | 'unreachable'> {
  try {
    await question;
    return 'ok';
  } catch {
    return 'unreachable';
  }
}
