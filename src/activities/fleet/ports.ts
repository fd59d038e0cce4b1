import type { CloudReport } from '../../contracts/clouds.ts';
import type { RequestedCheck } from '../../contracts/drift.ts';
import type { PassSettings } from '../../contracts/fleet.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { StripeGateway } from '../../payments/stripe-gateway.ts';
import type { Reach } from '../../runtime/reach.ts';
import type { CloudStacks, Inventory, Snapshots } from '../../stacks/private-server.ts';
import type { StackStates } from '../../stacks/stack-states.ts';
import type { Store } from '../../store/store.ts';
import type { StackPorts } from '../hosting/ports.ts';
import type { Incidents } from '../lib/incidents.ts';
import type { LicenceAdmin } from '../licensing/licence-admin.ts';

/**
 * State of a requested check: `checking` while it runs or is queued, else how it ended; `drifted` as soon as drift is
 * found.
 */
export type CheckState = 'checking' | 'drifted' | 'healthy' | 'skipped';

/** How a scan talks to the entities of instances. */
export interface DriftChecks {
  /** Servers that are checked concurrently. */
  atOnce: number;
  /** How long a scan waits for those, ms; then it goes on without them. */
  timeoutMs: number;
  /**
   * Requests a check; returns the id of the operation, or null where the entity is busy with another one or has
   * closed.
   */
  ask(check: RequestedCheck, updateId: string): Promise<string | null>;
  stateOf(check: RequestedCheck): Promise<CheckState>;
}

export interface CloudFleetPorts {
  store: Pick<Store, 'orders' | 'instances' | 'operations' | 'holds'>;
  inventoryOf(cloud: CloudName): Promise<Inventory>;
  /** The snapshots at a cloud that we make ourselves, and whether the cloud makes the daily ones. */
  snapshotsOf(cloud: CloudName): Promise<Pick<CloudStacks, 'dailySnapshots'> & { snapshots: Snapshots }>;
  states: StackStates;
  runStack: StackPorts['runStack'];
  /** Checks a cloud with our credentials; never throws. */
  inspect(cloud: CloudName): Promise<CloudReport>;
}

export interface FleetPorts {
  store: Store;
  incidents: Incidents;
  gateway: Pick<StripeGateway, 'holdingsOfOrder' | 'listLiveSubscriptions'>;
  ask: LicenceAdmin;
  reach: Pick<Reach, 'resolve'>;
  /** Whether the entity of an instance runs an operation or has one queued. */
  isRunning(instanceId: string): Promise<boolean>;
  settings: Omit<PassSettings, 'at'>;
  driftChecks: DriftChecks;
}
