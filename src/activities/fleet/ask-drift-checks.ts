import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import type { RequestedCheck } from '../../contracts/drift.ts';
import { checkDrift } from '../../contracts/operations/check-drift.ts';
import { monotonic } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import type { FleetPorts } from './ports.ts';

const pollIntervalMs = 500;

/**
 * Requests a drift check from the entities of the next few delivered servers; a retry requests the same checks.
 * `next` is the cursor of the following page, null at the end.
 */
export function askDriftChecks({ store, driftChecks }: FleetPorts) {
  return async ({ startedAt, after }: { startedAt: number; after: string }) => {
    const { atOnce } = driftChecks;
    const instances = await store.instances.page({ statuses: ['ready', 'drifted'], after }, atOnce);
    const asked: RequestedCheck[] = [];
    for (const { _id: instanceId } of instances) {
      const check = { instanceId, operationId: newId.operation() };
      const operationId = await driftChecks.ask(check, `${checkDrift.kind}/${startedAt}`);
      if (operationId) asked.push({ instanceId, operationId });
    }
    const next = instances.length === atOnce ? (instances.at(-1)?._id ?? null) : null;
    return { asked, skipped: instances.length - asked.length, next };
  };
}

/** Waits until these servers were checked; returns how many were, which had drifted, and how many were skipped. */
export function followDriftChecks({ driftChecks }: FleetPorts) {
  return async (asked: RequestedCheck[]): Promise<{ checked: number; drifted: RequestedCheck[]; left: number }> => {
    const signal = cancellationSignal();
    const until = monotonic() + driftChecks.timeoutMs;
    for (;;) {
      const states = await Promise.all(asked.map(driftChecks.stateOf));
      if (!states.includes('checking') || monotonic() > until) {
        const drifted = asked.filter((_check, at) => states[at] === 'drifted');
        const checked = drifted.length + states.filter((state) => state === 'healthy').length;
        return { checked, drifted, left: asked.length - checked };
      }
      await delay(pollIntervalMs, undefined, { signal });
    }
  };
}
