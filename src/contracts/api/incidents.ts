import { z } from 'zod';
import { IncidentId, IncidentKind, Severity } from '../incidents.ts';
import { OperationKind } from '../operations/registry.ts';
import { reasonCodes } from '../reasons.ts';
import { StepName } from '../steps.ts';
import { ListLimit, Time } from './common.ts';

export const IncidentState = z.enum(['open', 'closed']);

/** An incident as operators read it: in answers, in webhooks, and in mails. */
export const Incident = z
  .strictObject({
    id: IncidentId,
    kind: IncidentKind,
    /** Id of what it is about, within its kind. */
    subject: z.string(),
    severity: Severity,
    state: IncidentState,
    /** What happened, in one line. */
    title: z.string(),
    reason: z.enum(reasonCodes),
    /** The reason in words, and what to do next. */
    meaning: z.string(),
    next: z.string(),
    /** The failure's own message. */
    detail: z.string().optional(),
    hostname: z.string().optional(),
    instanceId: z.string().optional(),
    orderId: z.string().optional(),
    operationId: z.string().optional(),
    operation: OperationKind.optional(),
    step: StepName.optional(),
    attempt: z.number().int().optional(),
    /** What can be decided, each with its effect and the command that does it. */
    decisions: z.array(z.strictObject({ effect: z.string(), command: z.string() })),
    /** The command that shows more. */
    look: z.string(),
    links: z.strictObject({
      /** The reason in the list of all reasons. */
      reason: z.string(),
      /** The workflow in the Temporal UI, where one is configured. */
      workflow: z.string().optional(),
    }),
    openedAt: Time,
    /** When operators were told. */
    toldAt: Time.optional(),
    closedAt: Time.optional(),
  })
  .meta({ id: 'Incident' });
export type Incident = z.infer<typeof Incident>;

export const IncidentQuery = z.object({
  state: IncidentState.optional(),
  severity: Severity.optional(),
  limit: ListLimit,
  before: IncidentId.optional(),
});
