import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import type { StackPorts } from './ports.ts';
import { runStackWithProgress } from './run-stack-with-progress.ts';
import { deliveredRequest } from './stack-up.ts';

/**
 * This step restores a delivered server to its applied spec: a refresh, then `up`. It builds nothing unless
 * everything in `requiredVolumeIds`, the volumes that the drift check saw, still exists. Errors: those of `stack-up`,
 * `volume_gone`, `unknown_objects`.
 */
export function repairStack(ports: StackPorts) {
  return async (context: StepContext, requiredVolumeIds: string[]): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance) throw new ReasonError('licence_refused', 'the instance has no licence');
    const outputs = await runStackWithProgress(ports, context, deliveredRequest(instance, { requiredVolumeIds }));
    if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
    await ports.store.instances.update(instance._id, { outputs });
  };
}
