import type { ConfiguredDuration, StepDeclaration } from './operation.ts';

/** Steps shared by several operations. */

const minute = 60_000;

/** Deadline of one change of a stack. */
export const stackDeadline = {
  variable: 'FREEHOLD_STACK_UP_MS',
  defaultMs: 120 * minute,
} as const satisfies ConfiguredDuration;

/** The server answers as a customer would see it. */
export const awaitHealthy = {
  name: 'await-healthy',
  skippable: true,
  deadline: { variable: 'FREEHOLD_AWAIT_HEALTHY_MS', defaultMs: 30 * minute },
  onTimeout: 'host_unhealthy',
} as const satisfies StepDeclaration;
