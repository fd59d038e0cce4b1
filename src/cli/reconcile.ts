import { setTimeout as delay } from 'node:timers/promises';
import type { ReconcileRun } from '../contracts/api/fleet.ts';
import type { OperatorClient } from './client.ts';

const pollIntervalMs = 500;

/** Starts a reconcile run and waits for its report. */
export async function reconcile(
  api: OperatorClient,
  options: { repair: boolean; orphans: boolean },
): Promise<NonNullable<ReconcileRun['report']>> {
  const { id } = await api.startReconcile(options);
  for (;;) {
    const { report } = await api.reconcileRun(id);
    if (report) return report;
    await delay(pollIntervalMs);
  }
}
