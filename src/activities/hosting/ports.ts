import type { ReasonError } from '../../contracts/reasons.ts';
import type { CloudName, RunnerLine, StackOutputs, StackRequest } from '../../contracts/stack.ts';
import type { ConsoleRequest, Inventory, Restarted, RestartRequest } from '../../stacks/private-server.ts';
import type { Store } from '../../store/store.ts';
import type { Journal } from '../lib/journal.ts';
import type { ExpectedHost, HostView } from './read-host-health.ts';

export interface HealthPorts extends HostView {
  store: Pick<Store, 'instances'>;
  journal: Journal;
}

export interface StackPorts {
  /** How long a server may take to answer after a change before the step fails, ms. */
  healthyWithinMs: number;
  /** How long the final snapshots of a server that was once ready are kept, days. */
  finalSnapshotDays: number;
  /** Reads the health of a host from outside; returns what makes it unhealthy, or nothing. */
  readHealth(expected: ExpectedHost): Promise<ReasonError | undefined>;
  /** Addresses of a name in public DNS. */
  resolve(name: string): Promise<string[]>;
  store: Pick<Store, 'instances'>;
  journal: Journal;
  /** Zones of a region, from the catalogue. */
  zonesOf(cloud: CloudName, region: string): readonly string[];
  /** Runs one Pulumi operation in a child process; `stacks/runner/run-stack.ts`. */
  runStack(
    request: StackRequest,
    options: { onLine: (line: RunnerLine) => void; signal: AbortSignal },
  ): Promise<StackOutputs | null>;
}

export interface ConsolePorts {
  store: Pick<Store, 'instances' | 'operations'>;
  /** The console of a machine at its cloud (`CloudStacks.readConsole`); null where the cloud has no call for it. */
  readConsole(cloud: CloudName, request: ConsoleRequest): Promise<string | null>;
  /** Our own secrets at the clouds, which must be in no line. */
  secrets: readonly string[];
}

export interface RestartPorts extends Pick<StackPorts, 'store' | 'journal' | 'readHealth' | 'healthyWithinMs'> {
  inventoryOf(cloud: CloudName): Promise<Inventory>;
  /** Restarts a machine at its cloud; `CloudStacks.restartMachine`. */
  restartMachine(cloud: CloudName, request: RestartRequest): Promise<Restarted>;
  /** Whether a runner may be writing to a stack. */
  isStackBusy(stack: string): Promise<boolean>;
}
