import type { CloudName, RunnerLine, StackOutputs, StackRequest } from '../../contracts/stack.ts';
import type { Store } from '../../store/store.ts';
import type { Journal } from '../lib/journal.ts';
import { destroyStack, stackUp } from './stack-up.ts';

export interface StackPorts {
  store: Pick<Store, 'instances'>;
  journal: Journal;
  /** Zones of a region, as the catalogue has them. */
  zonesOf(cloud: CloudName, region: string): readonly string[];
  /** Runs one Pulumi operation in a child process; `stacks/runner/run-stack.ts`. */
  runStack(
    request: StackRequest,
    options: { onLine: (line: RunnerLine) => void; signal: AbortSignal },
  ): Promise<StackOutputs | null>;
}

/** The activities of a provision worker: the only ones that run Pulumi. */
export function createStackActivities(ports: StackPorts) {
  return { stackUp: stackUp(ports), destroyStack: destroyStack(ports) };
}
