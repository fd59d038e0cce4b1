import { z } from 'zod';
import { InstanceId, OrderId } from './ids.ts';
import { CloudName } from './stack.ts';

/**
 * The comparison of what the systems hold: orders, Stripe, licences, names, DNS, stacks, clouds. Each kind of mismatch is
 * a reason code, whose sentences say what it is and what to do.
 */

export const MismatchKind = z.enum([
  'money_kept',
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

/** What can be done without anybody deciding. */
export const Repair = z.enum([
  ...['settle_money', 'release_hold', 'revoke_licence', 'remove_remains'],
  // Of orphans, and only where an operator has asked for it.
  ...['adopt_objects', 'remove_unowned'],
] as const);
export type Repair = z.infer<typeof Repair>;

/** Two systems that do not agree. Ids and codes only: it is stored by Temporal. */
export const Mismatch = z.strictObject({
  kind: MismatchKind,
  /** The thing that is there or missing: an id at its system, a hostname, a name of a hold or of a stack. */
  subject: z.string(),
  orderId: OrderId.optional(),
  instanceId: z.string().optional(),
  cloud: CloudName.optional(),
  /** What is done by itself; null where people decide. */
  repair: Repair.nullable(),
});
export type Mismatch = z.infer<typeof Mismatch>;

/** `records` goes through what we know and asks the other systems; `cloud` goes through what the clouds hold. */
export const FleetPart = z.enum(['records', 'cloud']);
export type FleetPart = z.infer<typeof FleetPart>;

/** Where facts come from; one that does not answer is left out of a pass. */
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

/** What a pass found and did. */
export const ReconcileReport = z.strictObject({
  /** False for a dry run, which changes nothing and opens no ticket. */
  repair: z.boolean(),
  /** Orders, subscriptions, licences, holds, stacks and objects that were compared. */
  compared: z.number().int(),
  found: z.number().int(),
  repaired: z.number().int(),
  /** The first 500. */
  mismatches: z.array(Mismatch),
  /** What did not answer, so that its mismatches may be missing here. */
  unread: z.array(FleetSource),
});
export type ReconcileReport = z.infer<typeof ReconcileReport>;

/** Workflow type and ids of the comparison. The schedules have the ids; Temporal adds the time to each run's. */
export const reconcileWorkflowType = 'reconcileFleet';
export const reconcileScheduleId = 'fleet/reconcile';
export const orphanSweepScheduleId = 'fleet/orphan-sweep';
/** A pass that an operator asked for. */
export function reconcileWorkflowId(runId: string): string {
  return `fleet/reconcile/${runId}`;
}

/** Input of a pass; `so far` is carried over continue-as-new. */
export interface ReconcileInput {
  parts: FleetPart[];
  repair: boolean;
  /**
   * Whether orphans at the clouds are dealt with, too: what the stack of a delivered server lost is taken over, what no
   * record knows is removed. No schedule does that.
   */
  orphans?: boolean;
  /** What is done is absent from passes of before it was carried over. */
  soFar?: Omit<ReconcileProgress, 'done'> & Partial<Pick<ReconcileProgress, 'done'>>;
}

export interface ReconcileProgress {
  settings: PassSettings;
  /** Index of the list that goes on, and where in it. */
  list: number;
  cursor: string;
  report: ReconcileReport;
  /** What is repaired when everything was compared; more than 500 are left to the next pass. */
  repairable: Mismatch[];
  /** Orders whose money is settled and instances whose remains are removed, so that each is done once. */
  done: string[];
}

/** What a pass works with; configuration of the control worker. */
export interface PassSettings {
  /** When the pass began, ms. */
  at: number;
  /** What changed later than this long ago is left alone, ms. */
  settlingMs: number;
  /** Orders that ended undelivered longer ago than this are not asked about at Stripe any more, ms. */
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

/** Whether an id that another system gave us can be one of our instances. */
export function isInstanceId(text: string): boolean {
  return InstanceId.safeParse(text).success;
}
