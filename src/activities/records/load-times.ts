import type { OperationTimes } from '../../contracts/operations/registry.ts';

/**
 * Deadlines and windows from this worker's current configuration: every operation loads them when it begins, so that
 * a change of the configuration applies to servers of any age.
 */
export function loadTimes(times: OperationTimes) {
  return async (): Promise<OperationTimes> => times;
}
