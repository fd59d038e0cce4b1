import { z } from 'zod';

/** One thing that is not at the cloud as the state of a stack has it. */
export const Difference = z.strictObject({
  /** Logical name in the stack; of something foreign what its tag says, empty where it says nothing. */
  name: z.string(),
  id: z.string(),
  change: z.enum([
    /** The state knows it, the cloud has it no more. */
    'missing',
    'changed',
    /** It carries the tag of the instance and is in no state. */
    'foreign',
  ]),
  /** Properties that are others than was asked for. */
  properties: z.array(z.string()),
  /** Whether the engine must never delete it: it holds data. */
  protected: z.boolean(),
});
export type Difference = z.infer<typeof Difference>;

/** What a look at a stack and its cloud found. */
export const Drift = z.strictObject({
  differences: z.array(Difference),
  /** Ids of the protected things that are there; a repair builds nothing without them. */
  requiredVolumeIds: z.array(z.string()),
});
export type Drift = z.infer<typeof Drift>;

/** What a look has seen at the cloud of what the state knows. */
export const Seen = z.strictObject({ seen: z.array(z.string()) });

/** What follows from the differences: nothing, a repair by itself, or a person decides. */
export type DriftVerdict =
  | { verdict: 'none' }
  | { verdict: 'repairable'; reason: 'server_drifted' }
  | { verdict: 'needs_person'; reason: 'volume_gone' | 'volume_changed' | 'unknown_objects' | 'drift_unclear' };

/** A look with what follows from it. */
export type JudgedDrift = Drift & DriftVerdict;

/** Workflow type and id of the scan; the schedule has the id, Temporal adds the time to each run's. */
export const scanDriftWorkflowType = 'scanDrift';
export const scanDriftScheduleId = 'fleet/check-drift';

/** A check that an entity was asked for. */
export interface AskedCheck {
  instanceId: string;
  operationId: string;
}

/** What a scan has come to so far. Ids only. */
export interface DriftReport {
  /** Instances that were checked. */
  checked: number;
  /** Those that were busy with something else, or whose entity did not answer: the next scan's. */
  skipped: number;
  /** The first 500 that had drifted; each has an operation that tells what became of it. */
  drifted: AskedCheck[];
}

/** Input of a scan; `soFar` is carried over continue-as-new. */
export interface ScanDriftInput {
  soFar?: { startedAt: number; cursor: string; report: DriftReport };
}
