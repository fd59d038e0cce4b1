import type { z } from 'zod';
import type { Readiness } from '../contracts/api/health.ts';
import type { ApiDeps } from './deps.ts';

/** Whether this process reaches database and workflows. */
export async function readReadiness(deps: Pick<ApiDeps, 'store' | 'workflows'>): Promise<z.infer<typeof Readiness>> {
  const [database, temporal] = await Promise.all([answers(deps.store.ping()), answers(deps.workflows.ping())]);
  return { status: database === 'ok' && temporal === 'ok' ? 'ok' : 'degraded', database, temporal };
}

async function answers(question: Promise<void>): Promise<'ok' | 'unreachable'> {
  try {
    await question;
    return 'ok';
  } catch {
    return 'unreachable';
  }
}
