import { detectDrift } from './detect-drift.ts';
import type { ConsolePorts, RestartPorts, StackPorts } from './ports.ts';
import { readConsole } from './read-console.ts';
import { repairStack } from './repair-stack.ts';
import { restartServer } from './restart-server.ts';
import { destroyStack, stackUp } from './stack-up.ts';
import { takeChangeStep } from './take-change-step.ts';

/** The activities of a provision worker: the only ones that reach a cloud. */
export function createStackActivities(ports: StackPorts & RestartPorts & ConsolePorts) {
  return {
    stackUp: stackUp(ports),
    destroyStack: destroyStack(ports),
    takeChangeStep: takeChangeStep(ports),
    detectDrift: detectDrift(ports),
    repairStack: repairStack(ports),
    readConsole: readConsole(ports),
    restartServer: restartServer(ports),
  };
}
