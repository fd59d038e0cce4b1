import type { PassSettings } from './fleet.ts';
import type { CloudName } from './stack.ts';

/** The scheduled run that maintains the snapshots of data volumes that we make ourselves. */

/** Workflow type and ids; the schedule has the id, and Temporal appends the time to that of each run. */
export const keepSnapshotsWorkflowType = 'keepSnapshots';
export const keepSnapshotsScheduleId = 'fleet/snapshots';

/** A failure within a run; ids and codes only, because Temporal stores it. */
export interface SnapshotProblem {
  cloud: CloudName;
  /** Id of the volume or snapshot; absent where the cloud itself could not be reached. */
  subject?: string;
  reason: string;
}

export interface SnapshotsReport {
  made: number;
  removed: number;
  /** The first 100. */
  problems: SnapshotProblem[];
}

/** Result for one page of the servers of a cloud; `next` is the cursor of the following one, null at the end. */
export interface SnapshotsPage extends SnapshotsReport {
  next: string | null;
}

/** Input of a run; `soFar` is carried over continue-as-new. */
export interface KeepSnapshotsInput {
  soFar?: SnapshotsProgress;
}

export interface SnapshotsProgress {
  settings: PassSettings;
  /** Index of the current cloud, and the cursor in it. */
  cloud: number;
  cursor: string;
  report: SnapshotsReport;
}
