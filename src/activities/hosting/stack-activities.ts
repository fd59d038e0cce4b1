import type { ReasonError } from '../../contracts/reasons.ts';
import type { CloudName, RunnerLine, StackOutputs, StackRequest } from '../../contracts/stack.ts';
import type { Store } from '../../store/store.ts';
import type { Journal } from '../lib/journal.ts';
import { detectDrift } from './detect-drift.ts';
import type { ExpectedHost } from './read-host-health.ts';
import { repairStack } from './repair-stack.ts';
import { restartServer } from './restart-server.ts';
import { destroyStack, stackUp } from './stack-up.ts';
import { takeChangeStep } from './take-change-step.ts';

export interface StackPorts {
  /** How long a server may take to answer after a change before the step fails, ms. */
  healthyWithinMs: number;
  /** How long the final snapshots of a server that was once ready are kept, days. */
  finalSnapshotDays: number;
  /** Looks at a host from outside; answers what requiredVolumeIds it from being healthy, or nothing. */
  readHealth(expected: ExpectedHost): Promise<ReasonError | undefined>;
  /** Addresses of a name, as the world sees them. */
  resolve(name: string): Promise<string[]>;
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
  return {
    stackUp: stackUp(ports),
    destroyStack: destroyStack(ports),
    takeChangeStep: takeChangeStep(ports),
    detectDrift: detectDrift(ports),
    repairStack: repairStack(ports),
    restartServer: restartServer(ports),
  };
}
