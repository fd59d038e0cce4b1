import { z } from 'zod';

/** One difference between the state of a stack and its cloud. */
export const Difference = z.strictObject({
  /** Logical name in the stack; for an unknown resource the value of its tag, empty where it has none. */
  name: z.string(),
  id: z.string(),
  change: z.enum([
    /** In the state, but not at the cloud any more. */
    'missing',
    'changed',
    /** It carries the tag of the instance and is in no state. */
    'foreign',
  ]),
  /** Properties whose values differ from the inputs. */
  properties: z.array(z.string()),
  /** Whether the engine must never delete it: it holds data. */
  protected: z.boolean(),
});
export type Difference = z.infer<typeof Difference>;

/** Result of comparing a stack with its cloud. */
export const Drift = z.strictObject({
  differences: z.array(Difference),
  /** Ids of the protected resources that exist; a repair builds nothing without them. */
  requiredVolumeIds: z.array(z.string()),
});
export type Drift = z.infer<typeof Drift>;

/** Ids of the resources in the state that exist at the cloud. */
export const Seen = z.strictObject({ seen: z.array(z.string()) });

/** The consequence of the differences: nothing, an automatic repair, or an operator decides. */
export type DriftVerdict =
  | { verdict: 'none' }
  | { verdict: 'repairable'; reason: 'server_drifted' }
  | { verdict: 'needs_person'; reason: 'volume_gone' | 'volume_changed' | 'unknown_objects' | 'drift_unclear' };

/** Drift with its verdict. */
export type JudgedDrift = Drift & DriftVerdict;

/** Workflow type and id of the scan; the schedule has the id, and Temporal appends the time to that of each run. */
export const scanDriftWorkflowType = 'scanDrift';
export const scanDriftScheduleId = 'fleet/check-drift';

/** A requested check of an instance. */
export interface RequestedCheck {
  instanceId: string;
  operationId: string;
}

/** Progress of a scan. Ids only. */
export interface DriftReport {
  /** Number of instances that were checked. */
  checked: number;
  /** Instances that were busy, or whose entity did not respond: left to the next scan. */
  skipped: number;
  /** The first 500 that had drifted, each with the operation that reports the outcome. */
  drifted: RequestedCheck[];
}

/** Input of a scan; `soFar` is carried over continue-as-new. */
export interface ScanDriftInput {
  soFar?: { startedAt: number; cursor: string; report: DriftReport };
}
