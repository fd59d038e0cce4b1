import { z } from 'zod';
import { InstanceId, OrderId } from './ids.ts';
import { CloudName } from './stack.ts';

/**
 * The comparison of our systems: orders, Stripe, licences, names, DNS, stacks, clouds. Each kind of mismatch is a
 * reason code, whose sentences describe it and the action to take.
 */

export const MismatchKind = z.enum([
  'money_kept',
  'money_outside',
  'invoice_left',
  'payment_missing',
  'subscription_missing',
  'subscription_left',
  'subscription_unknown',
  'licence_left',
  'licence_missing',
  'licence_standing_differs',
  'hold_left',
  'name_not_held',
  'dns_record_left',
  'dns_record_missing',
  'stack_left',
  'object_left',
  'object_unmanaged',
  'host_gone',
]);
export type MismatchKind = z.infer<typeof MismatchKind>;

/** Repairs that need no decision. */
export const Repair = z.enum([
  ...['settle_money', 'release_hold', 'revoke_licence', 'destroy_leftovers'],
  // For orphans, and only at an operator's request.
  ...['adopt_objects', 'remove_unowned'],
] as const);
export type Repair = z.infer<typeof Repair>;

/** A mismatch between two systems. Ids and codes only: it is stored by Temporal. */
export const Mismatch = z.strictObject({
  kind: MismatchKind,
  /** The resource that exists or is missing: an id at its system, a hostname, the name of a hold or of a stack. */
  subject: z.string(),
  orderId: OrderId.optional(),
  instanceId: z.string().optional(),
  cloud: CloudName.optional(),
  /** The automatic repair; null where an operator decides. */
  repair: Repair.nullable(),
});
export type Mismatch = z.infer<typeof Mismatch>;

/**
 * `records` compares our records with the other systems; `cloud` compares the resources at the clouds with our
 * records.
 */
export const FleetPart = z.enum(['records', 'cloud']);
export type FleetPart = z.infer<typeof FleetPart>;

/** Sources of facts; one that does not respond is left out of a pass. */
export const FleetSource = z.enum([
  'orders',
  'payments',
  'subscriptions',
  'licences',
  'licence list',
  'holds',
  'names',
  'servers',
  'stacks',
  'objects',
  'states',
]);
export type FleetSource = z.infer<typeof FleetSource>;

/** Result of a pass. */
export const ReconcileReport = z.strictObject({
  /** False for a dry run, which changes nothing and opens no ticket. */
  repair: z.boolean(),
  /** Orders, subscriptions, licences, holds, stacks and resources that were compared. */
  compared: z.number().int(),
  /** Those among them that were not judged, because they or their owner changed recently or an operation runs. */
  inMotion: z.number().int(),
  found: z.number().int(),
  repaired: z.number().int(),
  /** The first 500. */
  mismatches: z.array(Mismatch),
  /** Sources that did not respond; their mismatches may be missing here. */
  unread: z.array(FleetSource),
});
export type ReconcileReport = z.infer<typeof ReconcileReport>;

/**
 * Workflow type and ids of the comparison. The schedules have the ids; Temporal appends the time to that of each run.
 */
export const reconcileWorkflowType = 'reconcileFleet';
export const reconcileScheduleId = 'fleet/reconcile';
export const orphanSweepScheduleId = 'fleet/orphan-sweep';
/** Id of a pass that an operator requested. */
export function reconcileWorkflowId(runId: string): string {
  return `fleet/reconcile/${runId}`;
}

/** Input of a pass; `soFar` is carried over continue-as-new. */
export interface ReconcileInput {
  parts: FleetPart[];
  repair: boolean;
  /**
   * Whether orphans at the clouds are handled, too: resources missing from the stack of a delivered server are
   * imported, resources without a record are deleted. No schedule sets it.
   */
  orphans?: boolean;
  soFar?: ReconcileProgress;
}

export interface ReconcileProgress {
  settings: PassSettings;
  /** Index of the current list, and the cursor in it. */
  list: number;
  cursor: string;
  report: ReconcileReport;
  /** Mismatches to repair when everything was compared; beyond 500 they are left to the next pass. */
  repairable: Mismatch[];
  /** Orders whose money is settled and instances whose leftovers are destroyed, so that each is done once. */
  done: string[];
}

/** Settings of a pass; configuration of the control worker. */
export interface PassSettings {
  /** When the pass began, ms. */
  at: number;
  /** Records that changed less than this long ago are left alone, ms. */
  settlingMs: number;
  /** Orders that ended undelivered longer ago than this are no longer read at Stripe, ms. */
  backMs: number;
  clouds: CloudName[];
  pageSize: number;
}

/** One page of a system; `next` is the cursor of the following one, null at the end. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

export const RunId = z.string().regex(/^rec_[0-9a-hjkmnp-tv-z]{16}$/);
export const TicketId = z.string().regex(/^tic_[0-9a-hjkmnp-tv-z]{16}$/);

/** Whether an id from another system has the form of our instance ids. */
export function isInstanceId(text: string): boolean {
  return InstanceId.safeParse(text).success;
}
