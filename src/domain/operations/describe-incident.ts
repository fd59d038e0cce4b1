import type { Incident } from '../../contracts/api/incidents.ts';
import type { NewIncident } from '../../contracts/incidents.ts';
import { provision } from '../../contracts/operations/provision.ts';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import { keepSnapshotsScheduleId } from '../../contracts/snapshots.ts';
import { decisionsOn } from '../../contracts/steps.ts';
import { subscriptionWorkflowId } from '../../contracts/subscription.ts';
import { instanceWorkflowId, latePaymentWorkflowId } from '../../contracts/workflow-messages.ts';
import { textsOf } from '../../texts/texts.ts';
import { decisionEffect } from './decision-effect.ts';
import { updateCall } from './describe-facts.ts';
import { nextOn } from './next-on.ts';
import { stepText } from './operation-texts.ts';

const { incidents: texts, reasons } = textsOf('en');

/** An incident as it is recorded. */
export interface IncidentFacts extends NewIncident {
  _id: string;
  openedAt: Date;
  toldAt: Date | null;
  closedAt: Date | null;
}

/** What an incident is about, as far as our records know it. */
export interface IncidentSurroundings {
  hostname?: string | undefined;
  operation?: OperationKind | undefined;
}

/** Where links to a reason and to a workflow lead; no page of a workflow without a Temporal UI. */
export interface IncidentLinks {
  publicUrl: string;
  workflowPage(workflowId: string): string | undefined;
}

/** The incident as operators read it: what happened and why, what can be decided, where to look. */
export function describeIncident(
  facts: IncidentFacts,
  surroundings: IncidentSurroundings,
  { publicUrl, workflowPage }: IncidentLinks,
): Incident {
  const { _id: id, kind, subject, severity, reason, detail, step, attempt } = facts;
  const { instanceId, orderId, operationId, openedAt, toldAt, closedAt } = facts;
  const { hostname, operation } = surroundings;
  const workflow = workflowPage(workflowIdOf(facts));
  return {
    ...{ id, kind, subject, severity, reason, detail, step, attempt, instanceId, orderId, operationId },
    ...{ hostname, operation },
    state: closedAt ? 'closed' : 'open',
    title: titleOf(facts, surroundings),
    meaning: reasons[reason].operator,
    next: step ? nextOn(step, reason) : reasons[reason].next,
    decisions: closedAt ? [] : decisionsAbout(facts, operation),
    look: `freehold ${lookOf(facts)}`,
    links: { reason: `${publicUrl.replace(/\/$/, '')}/docs/problems#${reason}`, ...(workflow ? { workflow } : {}) },
    openedAt: openedAt.toISOString(),
    ...(toldAt ? { toldAt: toldAt.toISOString() } : {}),
    ...(closedAt ? { closedAt: closedAt.toISOString() } : {}),
  };
}

function titleOf({ kind, subject, step }: IncidentFacts, { hostname, operation }: IncidentSurroundings): string {
  const where = hostname ?? subject;
  switch (kind) {
    case 'step':
      return texts.titles.step({ step: step ? stepText(step, operation).title : subject, where });
    case 'operation':
      return texts.titles.operation({ where });
    case 'ticket':
      return texts.titles.ticket({ where });
    case 'late_payment':
      return texts.titles.latePayment({ where });
    case 'subscription':
      return texts.titles.subscription({ where });
    case 'snapshots':
      return texts.titles.snapshots;
  }
}

function workflowIdOf({ kind, subject, instanceId, orderId }: IncidentFacts): string {
  switch (kind) {
    case 'late_payment':
      return latePaymentWorkflowId({ paymentIntentId: subject, orderId: orderId ?? '' });
    case 'subscription':
      return subscriptionWorkflowId(subject);
    case 'snapshots':
      return keepSnapshotsScheduleId;
    case 'step':
    case 'operation':
    case 'ticket':
      return instanceWorkflowId(instanceId ?? '');
  }
}

function lookOf({ kind, subject, operationId, orderId, instanceId }: IncidentFacts): string {
  switch (kind) {
    case 'step':
    case 'operation':
      return `operations show ${operationId}`;
    case 'ticket':
      return `tickets show ${subject}`;
    case 'late_payment':
      return `orders show ${orderId}`;
    case 'subscription':
      return instanceId ? `instances show ${instanceId}` : 'instances list';
    case 'snapshots':
      return 'clouds check';
  }
}

function decisionsAbout(facts: IncidentFacts, operation: OperationKind = provision.kind): Incident['decisions'] {
  const { kind, subject, step, operationId = '', instanceId = '' } = facts;
  switch (kind) {
    case 'step':
      return (step ? decisionsOn(step) : []).map((decision) => ({
        effect: decisionEffect(decision, operation),
        command: `freehold operations ${decision} ${operationId} --step ${step} --why "..."`,
      }));
    case 'operation': {
      // No step of it waits, so that only an Update reaches it.
      const request = { operationId, step: 'mark-ready', attempt: 1, operator: 'YOUR NAME', why: 'WHY' };
      const call = (name: string) => updateCall({ instanceId }, name, request).replaceAll('`', '');
      return [
        { effect: texts.runAgain, command: call('retry-step') },
        { effect: decisionEffect('abort', operation), command: call('abort') },
      ];
    }
    case 'ticket':
      return [{ effect: texts.closeTicket, command: `freehold tickets close ${subject} --why "..."` }];
    case 'late_payment':
    case 'subscription':
    case 'snapshots':
      return [];
  }
}
