import { z } from 'zod';
import { Mismatch, MismatchKind, ReconcileReport, Repair, RunId, TicketId } from '../fleet.ts';
import { CloudName } from '../stack.ts';
import { ListLimit, Time } from './common.ts';

/** A mismatch with the sentences of its kind. */
const ShownMismatch = z
  .strictObject({
    ...Mismatch.shape,
    /** What it is. */
    meaning: z.string(),
    /** What to do about it. */
    proposal: z.string(),
  })
  .meta({ id: 'Mismatch' });

export const ReconcileRequest = z
  .strictObject({
    /** Whether tickets are opened and what is safe is repaired; else nothing is touched. */
    repair: z.boolean().default(false),
    /**
     * Whether orphans at the clouds are repaired, too: what the stack of a delivered server lost is taken over, and what
     * no record knows is removed, unless a volume is among it.
     */
    orphans: z.boolean().default(false),
  })
  .meta({ id: 'ReconcileRequest' });

export const ReconcileRun = z
  .strictObject({
    id: RunId,
    done: z.boolean(),
    report: z.strictObject({ ...ReconcileReport.shape, mismatches: z.array(ShownMismatch) }).nullable(),
  })
  .meta({ id: 'ReconcileRun' });
export type ReconcileRun = z.infer<typeof ReconcileRun>;

export const TicketState = z.enum(['open', 'repaired', 'closed']);

export const Ticket = z
  .strictObject({
    id: TicketId,
    kind: MismatchKind,
    subject: z.string(),
    /** Repaired: by itself; the next pass closes it when the mismatch is gone. */
    state: TicketState,
    meaning: z.string(),
    proposal: z.string(),
    /** What is done by itself; null where people decide. */
    repair: Repair.nullable(),
    orderId: z.string().optional(),
    instanceId: z.string().optional(),
    cloud: CloudName.optional(),
    openedAt: Time,
    /** Beginning of the newest pass that saw it. */
    seenAt: Time,
    repairedAt: Time.optional(),
    repairs: z.number().int(),
    closedAt: Time.optional(),
    /** Who closed it; absent when the mismatch was gone. */
    closedBy: z.string().optional(),
  })
  .meta({ id: 'Ticket' });
export type Ticket = z.infer<typeof Ticket>;

export const TicketQuery = z.object({
  state: TicketState.optional(),
  kind: MismatchKind.optional(),
  limit: ListLimit,
});

export const CloseTicketRequest = z
  .strictObject({
    /** Goes to the audit log. */
    why: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'CloseTicketRequest' });
