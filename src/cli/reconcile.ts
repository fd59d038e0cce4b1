import { setTimeout as delay } from 'node:timers/promises';
import type { ReconcileRun } from '../contracts/api/fleet.ts';
import type { OperatorClient } from './client.ts';

const lookEveryMs = 500;

/** Compares all systems and waits until it is done. */
export async function reconcile(api: OperatorClient, repair: boolean): Promise<NonNullable<ReconcileRun['report']>> {
  const { id } = await api.startReconcile({ repair });
  for (;;) {
    const { report } = await api.reconcileRun(id);
    if (report) return report;
    await delay(lookEveryMs);
  }
}
