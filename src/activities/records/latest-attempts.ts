import type { StepName } from '../../contracts/steps.ts';
import type { WaitPorts } from './ports.ts';

/**
 * The number of the latest recorded attempt of each step that an operation has begun, so that a later run of the
 * operation counts on from there: an attempt with a lower number would not be recorded.
 */
export function latestAttempts({ store }: Pick<WaitPorts, 'store'>) {
  return async (operationId: string): Promise<Partial<Record<StepName, number>>> => {
    const operation = await store.operations.find(operationId);
    return Object.fromEntries((operation?.steps ?? []).map(({ step, attempt }) => [step, attempt]));
  };
}
