import { z } from 'zod';
import { Mismatch, MismatchKind, ReconcileReport, Repair, RunId, TicketId } from '../fleet.ts';
import { CloudName } from '../stack.ts';
import { textLine } from '../text-line.ts';
import { ListLimit, Time } from './common.ts';

/** A mismatch with the sentences of its kind. */
const ShownMismatch = z
  .strictObject({
    ...Mismatch.shape,
    meaning: z.string(),
    /** Proposed action. */
    proposal: z.string(),
  })
  .meta({ id: 'Mismatch' });

export const ReconcileRequest = z
  .strictObject({
    /** Whether tickets are opened and safe repairs are made; otherwise nothing is changed. */
    repair: z.boolean().default(false),
    /**
     * Whether orphans at the clouds are repaired, too: resources that are missing from the stack of a delivered
     * server are imported, and resources without a record are deleted, unless a volume is among them.
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
    /** `repaired`: by an automatic repair; the next pass closes the ticket when the mismatch is gone. */
    state: TicketState,
    meaning: z.string(),
    proposal: z.string(),
    /** The automatic repair; null where an operator decides. */
    repair: Repair.nullable(),
    orderId: z.string().optional(),
    instanceId: z.string().optional(),
    cloud: CloudName.optional(),
    openedAt: Time,
    /** Start of the latest pass that saw it. */
    seenAt: Time,
    repairedAt: Time.optional(),
    repairs: z.number().int(),
    closedAt: Time.optional(),
    /** Who closed it; absent when the mismatch disappeared. */
    closedBy: z.string().optional(),
  })
  .meta({ id: 'Ticket' });
export type Ticket = z.infer<typeof Ticket>;

export const TicketQuery = z.object({
  state: TicketState.optional(),
  kind: MismatchKind.optional(),
  limit: ListLimit,
  before: TicketId.optional(),
});

export const CloseTicketRequest = z
  .strictObject({
    /** Written to the audit log. */
    why: textLine(500),
  })
  .meta({ id: 'CloseTicketRequest' });
