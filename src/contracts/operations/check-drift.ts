import { z } from 'zod';
import { defineOperation } from './operation.ts';
import { awaitHealthy, stackDeadline } from './shared-steps.ts';

/** Compares a delivered server with the state of its stack, and repairs what can be repaired without losing data. */
export const checkDrift = defineOperation({
  kind: 'check-drift',
  request: z.object({}),
  requestedBy: ['operator', 'system'],
  admission: { from: ['ready', 'drifted'], whileBusy: 'dropped', deduplicated: true },
  steps: [
    {
      name: 'detect-drift',
      onDemand: true,
      deadline: { variable: 'FREEHOLD_DETECT_DRIFT_MS', defaultMs: 15 * 60_000 },
      onTimeout: 'cloud_unavailable',
    },
    { name: 'report-drift', onDemand: true, onTimeout: 'cloud_unavailable' },
    { name: 'repair-stack', onDemand: true, deadline: stackDeadline, onTimeout: 'stack_failed' },
    { ...awaitHealthy, onDemand: true },
  ],
  pivot: null,
  undo: [],
});
