import { detectDrift } from './detect-drift.ts';
import type { StackPorts } from './ports.ts';
import { repairStack } from './repair-stack.ts';
import { destroyStack, stackUp } from './stack-up.ts';
import { takeChangeStep } from './take-change-step.ts';

/** The activities of a provision worker: the only ones that run Pulumi. */
export function createStackActivities(ports: StackPorts) {
  return {
    stackUp: stackUp(ports),
    destroyStack: destroyStack(ports),
    takeChangeStep: takeChangeStep(ports),
    detectDrift: detectDrift(ports),
    repairStack: repairStack(ports),
  };
}
