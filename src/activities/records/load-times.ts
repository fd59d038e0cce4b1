import type { OperationTimes } from '../../contracts/operations/registry.ts';

/**
 * Deadlines and windows as this worker's configuration has them now: an operation asks when it begins, so that a change of
 * the configuration holds for servers of any age.
 */
export function loadTimes(times: OperationTimes) {
  return async (): Promise<OperationTimes> => times;
}
