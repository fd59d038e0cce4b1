import { z } from 'zod';
import type { ReasonCode } from './reasons.ts';
import type { StepName } from './steps.ts';

/**
 * Incidents: what needs a person, each opened once, told to operators once, and closed when it is over. `critical`
 * concerns a server, data or money of a customer now; a `warning` can wait for working hours.
 */
export const Severity = z.enum(['critical', 'warning']);
export type Severity = z.infer<typeof Severity>;

/**
 * What an incident is about: a step that waits for an operator, an operation whose workflow ended without a result, a
 * ticket, a payment that cannot be given back after its order has ended, a subscription that does not fit its server,
 * a round of snapshots with failures.
 */
export const IncidentKind = z.enum(['step', 'operation', 'ticket', 'late_payment', 'subscription', 'snapshots']);
export type IncidentKind = z.infer<typeof IncidentKind>;

export const IncidentId = z.string().regex(/^inc_[0-9a-hjkmnp-tv-z]{16}$/);

/** An incident to open. Of one kind and subject, at most one is open. */
export interface NewIncident {
  kind: IncidentKind;
  /** Id of what it is about, within its kind. */
  subject: string;
  severity: Severity;
  reason: ReasonCode;
  /** The failure's own message. */
  detail?: string | undefined;
  instanceId?: string | undefined;
  orderId?: string | undefined;
  operationId?: string | undefined;
  /** The waiting step and its try. */
  step?: StepName | undefined;
  attempt?: number | undefined;
}

/** Workflow that tells operators: of one incident, or, without one, of everything that is open. Ids only. */
export interface TellOperatorsInput {
  incidentId?: string;
}
export const tellOperatorsWorkflowType = 'tellOperators';
export function tellOperatorsWorkflowId(incidentId: string): string {
  return `incident/${incidentId}`;
}
/** The schedule that tells every day what is open; Temporal appends the time to the id of each run. */
export const dailyLookScheduleId = 'fleet/daily-look';

/** A message to operators: its id is the same however often it is sent. */
export interface AlertMessage extends TellOperatorsInput {
  id: string;
}
