import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { runToldStack } from './run-stack-with-progress.ts';
import type { StackPorts } from './stack-activities.ts';
import { deliveredRequest } from './stack-up.ts';

/**
 * This step puts a delivered server back to what its stack says: a refresh, then `up`. It builds nothing unless everything
 * that `keeps` names, the volumes that the look saw, is still there. Errors: those of `stack-up`, `volume_gone`,
 * `unknown_objects`.
 */
export function repairStack(ports: StackPorts) {
  return async (context: StepContext, keeps: string[]): Promise<void> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance) throw new ReasonError('licence_refused', 'the instance has no licence');
    const outputs = await runToldStack(ports, context, deliveredRequest(instance, { keeps }));
    if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
    await ports.store.instances.update(instance._id, { outputs });
  };
}
