import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import type { AskedCheck } from '../../contracts/drift.ts';
import { monotonic } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import type { FleetPorts } from './fleet-activities.ts';

/** What became of a check that was asked for: the look still runs or waits, or it ended; `drifted` as soon as it is found. */
export type CheckState = 'looking' | 'drifted' | 'well' | 'not_looked';

/** How a scan speaks with the entities of instances. */
export interface DriftChecks {
  /** Servers that are looked at at the same time. */
  atOnce: number;
  /** How long a scan waits for those, ms; it goes on without them then. */
  timeoutMs: number;
  /** Asks an entity; answers the operation that checks, or null where it is busy with something else, or gone. */
  ask(check: AskedCheck, updateId: string): Promise<string | null>;
  stateOf(check: AskedCheck): Promise<CheckState>;
}

const pollIntervalMs = 500;

/**
 * Asks the entities of the next few delivered servers for a check; a repeat asks for the same one. `next` is the cursor of
 * the following ones, null at the end.
 */
export function askDriftChecks({ store, driftChecks }: FleetPorts) {
  return async ({ startedAt, after }: { startedAt: number; after: string }) => {
    const { atOnce } = driftChecks;
    const instances = await store.instances.page({ statuses: ['ready', 'drifted'], after }, atOnce);
    const asked: AskedCheck[] = [];
    for (const { _id: instanceId } of instances) {
      const check = { instanceId, operationId: newId.operation() };
      const operationId = await driftChecks.ask(check, `check-drift/${startedAt}`);
      if (operationId) asked.push({ instanceId, operationId });
    }
    const next = instances.length === atOnce ? (instances.at(-1)?._id ?? null) : null;
    return { asked, skipped: instances.length - asked.length, next };
  };
}

/** Waits until these servers were looked at; answers how many were, which had drifted, and how many were not. */
export function followDriftChecks({ driftChecks }: FleetPorts) {
  return async (asked: AskedCheck[]): Promise<{ checked: number; drifted: AskedCheck[]; left: number }> => {
    const signal = cancellationSignal();
    const until = monotonic() + driftChecks.timeoutMs;
    for (;;) {
      const states = await Promise.all(asked.map(driftChecks.stateOf));
      if (!states.includes('looking') || monotonic() > until) {
        const drifted = asked.filter((_check, at) => states[at] === 'drifted');
        const checked = drifted.length + states.filter((state) => state === 'well').length;
        return { checked, drifted, left: asked.length - checked };
      }
      await delay(pollIntervalMs, undefined, { signal });
    }
  };
}
