import type { PassSettings } from './fleet.ts';
import type { CloudName } from './stack.ts';

/** The round of the snapshots of data volumes that we make ourselves. */

/** Workflow type and ids; the schedule has the id, and Temporal adds the time to each run's. */
export const keepSnapshotsWorkflowType = 'keepSnapshots';
export const keepSnapshotsScheduleId = 'fleet/snapshots';

/** Something that a round could not do; ids and codes only, because Temporal stores it. */
export interface SnapshotProblem {
  cloud: CloudName;
  /** Id of the volume or snapshot; absent where the cloud was not to be asked at all. */
  subject?: string;
  reason: string;
}

export interface SnapshotsReport {
  made: number;
  removed: number;
  /** The first 100. */
  problems: SnapshotProblem[];
}

/** What was done about one page of the servers of a cloud; `next` is the cursor of the following one, null at the end. */
export interface SnapshotsPage extends SnapshotsReport {
  next: string | null;
}

/** Input of a round; `soFar` is carried over continue-as-new. */
export interface KeepSnapshotsInput {
  soFar?: SnapshotsProgress;
}

export interface SnapshotsProgress {
  settings: PassSettings;
  /** Index of the cloud that goes on, and where in it. */
  cloud: number;
  cursor: string;
  report: SnapshotsReport;
}
