import { z } from 'zod';
import { defineOperation } from './operation.ts';
import { awaitHealthy } from './shared-steps.ts';

/** Restarts the machines of a delivered server; nothing is built and nothing is lost. */
export const restart = defineOperation({
  kind: 'restart',
  request: z.object({}),
  requestedBy: ['customer', 'operator'],
  role: 'admin',
  admission: { from: ['ready', 'drifted'], whileBusy: 'refused' },
  steps: [
    {
      name: 'restart-machines',
      deadline: { variable: 'FREEHOLD_RESTART_MS', defaultMs: 30 * 60_000 },
      onTimeout: 'cloud_unavailable',
    },
    awaitHealthy,
  ],
  pivot: null,
  undo: [],
});
