import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import type { StackPorts } from './stack-activities.ts';

/** This step restarts the machines of a delivered server; the clouds' own power cycles are joined to it at the merge. */
export function restartServer({ store }: Pick<StackPorts, 'store'>) {
  return async ({ instanceId }: StepContext): Promise<void> => {
    const instance = await store.instances.find(instanceId);
    if (!instance) throw new ReasonError('not_found', `instance ${instanceId}`);
    throw new ReasonError('cloud_unavailable', `no power cycle at ${instance.cloud}`);
  };
}
