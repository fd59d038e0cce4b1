import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import { AddOnName, Limits, PlanName } from './catalogue.ts';
import { OperationId } from './ids.ts';
import type { OperationRequest, RequestedBy } from './operations/operation.ts';
import type { OperationKind } from './operations/registry.ts';
import type { ReasonCode } from './reasons.ts';
import type { CloudName } from './stack.ts';
import type { InstanceStatus, OperationStatus } from './states.ts';
import { Decision, StepName } from './steps.ts';
import { textLine } from './text-line.ts';

/** Task queues: workflows and short activities on one, the Pulumi activities on one per cloud. */
export const controlQueue = 'control';
export function provisionQueue(cloud: CloudName): string {
  return `provision-${cloud}`;
}

/** Workflow ids and types. */
export const instanceWorkflowType = 'instance';
export const latePaymentWorkflowType = 'settleLatePayment';
export function instanceWorkflowId(instanceId: string): string {
  return `instance/${instanceId}`;
}
export function operationWorkflowId(instanceId: string, operationId: string): string {
  return `instance/${instanceId}/op/${operationId}`;
}
/** One workflow per late payment, and one per refund that failed after the order had ended. */
export function latePaymentWorkflowId({ paymentIntentId, refundId }: LatePayment): string {
  return `billing/late/${refundId ?? paymentIntentId}`;
}

/** One workflow per correction of an order's addresses. */
export const correctionWorkflowType = 'applyCorrection';
export function correctionWorkflowId({ orderId, number }: CorrectionRef): string {
  return `correction/${orderId}/${number}`;
}

/** A correction of an order's addresses, by its number from 1; the addresses are in the order's record. */
export interface CorrectionRef {
  orderId: string;
  number: number;
}

/** A late payment, or a failed refund, of an order that has ended. */
export interface LatePayment {
  paymentIntentId: string;
  orderId: string;
  refundId?: string;
}

/** Names of the search attributes; the dev server registers them at its start. */
export const searchAttributes = {
  InstanceId: 'Keyword',
  OrderId: 'Keyword',
  AccountId: 'Keyword',
  Hostname: 'Keyword',
  Cloud: 'Keyword',
  Region: 'Keyword',
  Plan: 'Keyword',
  InstanceStatus: 'Keyword',
  OperationKind: 'Keyword',
  NeedsAttention: 'Bool',
  RenewsAt: 'Datetime',
} as const;

/** Facts about an instance that are shown to operators; no personal data. */
export interface InstanceFacts extends InstanceFactsChange {
  instanceId: string;
  /** The order that delivered it. */
  orderId: string;
  accountId: string;
  hostname: string;
  cloud: CloudName;
  region: string;
  plan: PlanName;
}

/** Facts that an operation may change, and the subscription of a delivered instance; no personal data. */
export const InstanceFactsChange = z.strictObject({
  plan: PlanName.optional(),
  hostname: z.string().min(1).max(253).optional(),
  /** All hostnames of the server. */
  names: z.array(z.string().min(1).max(253)).max(100).optional(),
  addOns: z.partialRecord(AddOnName, z.number().int().nonnegative()).optional(),
  limits: Limits.optional(),
  region: z.string().min(1).max(64).optional(),
  nodes: z.number().int().positive().optional(),
  /** Until when the server is paid, ISO 8601; absent before it is ready. */
  paidUntil: z.iso.datetime().optional(),
});
export type InstanceFactsChange = z.infer<typeof InstanceFactsChange>;

/** The ids of an operation; an operation that delivers an order has the order's too. */
export interface OperationRef {
  instanceId: string;
  operationId: string;
  orderId?: string;
}

/** An accepted operation with its request. */
export interface QueuedOperation {
  operationId: string;
  kind: OperationKind;
  requestedBy: RequestedBy;
  /** Content of the request, by its declaration; absent where it has none. */
  request?: Record<string, unknown>;
}

/** Input of `instance/<id>`; the same shape is carried over continue-as-new. */
export interface InstanceInput {
  facts: InstanceFacts;
  status: InstanceStatus;
  queue: QueuedOperation[];
  /** The newest 200 Update ids, because Update-id deduplication is per run. */
  recentUpdates: { updateId: string; operationId: string }[];
  /** Continue-as-new after this many events, beside the server's suggestion; tests set a small one. */
  maxEvents?: number;
}

/** Input of an operation's workflow. */
export interface OperationInput {
  facts: InstanceFacts;
  operationId: string;
  /** Number of this run, from 1; a later one follows a run that ended without a result. */
  run: number;
  requestedBy: RequestedBy;
  /** Content of the request; absent where it has none. */
  request?: Record<string, unknown>;
  /** Status of the instance when the operation begins. */
  from: InstanceStatus;
}

export interface OperationResult {
  status: OperationStatus;
  instanceStatus: InstanceStatus;
  reason?: ReasonCode;
  /** Facts of the instance that the operation changed; absent where it changed none. */
  facts?: InstanceFactsChange;
}

/** Context of every step's activity. */
export interface StepContext extends OperationRef {
  step: StepName;
  /**
   * Try of the step within the operation, from 1; an operator's retry increments it. Not the activity's own attempt.
   */
  attempt: number;
}

/** Inputs of the Updates. They are parsed by schemas because the Temporal UI can send anything. */
export const CancelRequest = z.strictObject({
  by: z.enum(['customer', 'operator']),
  operationId: OperationId.optional(),
});
export type CancelRequest = z.infer<typeof CancelRequest>;
export const OperatorRequest = z.strictObject({
  operationId: OperationId,
  step: StepName,
  /** The waiting try, as the operation shows it. */
  attempt: z.number().int().positive(),
  operator: textLine(100),
  /** Written to the audit log. */
  why: textLine(500),
});
export type OperatorRequest = z.infer<typeof OperatorRequest>;
export const OperatorDecision = OperatorRequest.extend({ action: Decision });
export type OperatorDecision = z.infer<typeof OperatorDecision>;
/** A decision as the entity forwards it; the operation answers under this id whether it uses it. */
export const AskedDecision = OperatorDecision.extend({ id: z.string().min(1) });
export type AskedDecision = z.infer<typeof AskedDecision>;
export const DecisionAnswer = z.strictObject({ id: z.string().min(1), isUsed: z.boolean() });
export type DecisionAnswer = z.infer<typeof DecisionAnswer>;
export interface AcceptedOperation {
  operationId: string;
}

export const cancelOperation: UpdateDefinition<AcceptedOperation, [CancelRequest], 'cancel-operation'> = {
  type: 'update',
  name: 'cancel-operation',
} as UpdateDefinition<AcceptedOperation, [CancelRequest], 'cancel-operation'>;
export const retryStep = { type: 'update', name: 'retry-step' } as UpdateDefinition<
  AcceptedOperation,
  [OperatorRequest],
  'retry-step'
>;
export const skipStep = { type: 'update', name: 'skip-step' } as UpdateDefinition<
  AcceptedOperation,
  [OperatorRequest],
  'skip-step'
>;
export const abortOperation = { type: 'update', name: 'abort' } as UpdateDefinition<
  AcceptedOperation,
  [OperatorRequest],
  'abort'
>;
/** The Update that requests an operation; its name is the kind. */
export function requestUpdate(kind: OperationKind): UpdateDefinition<AcceptedOperation, [OperationRequest]> {
  return { type: 'update', name: kind } as UpdateDefinition<AcceptedOperation, [OperationRequest]>;
}
export const paymentChanged = { type: 'signal', name: 'payment-changed' } as SignalDefinition<[], 'payment-changed'>;
/** To the entity: facts of its instance changed elsewhere, such as paid-until by the subscription. */
export const factsChanged = { type: 'signal', name: 'facts-changed' } as SignalDefinition<
  [InstanceFactsChange],
  'facts-changed'
>;
/** From the entity to the running operation. */
export const operatorDecided = { type: 'signal', name: 'operator-decided' } as SignalDefinition<
  [AskedDecision],
  'operator-decided'
>;
/** From the running operation to the entity: whether it uses the decision. */
export const decisionAnswered = { type: 'signal', name: 'decision-answered' } as SignalDefinition<
  [DecisionAnswer],
  'decision-answered'
>;

/** From the running operation to the entity. */
export const instanceStatusChanged = { type: 'signal', name: 'instance-status-changed' } as SignalDefinition<
  [InstanceStatus],
  'instance-status-changed'
>;

export interface InstanceState {
  status: InstanceStatus;
  running: QueuedOperation | null;
  queue: QueuedOperation[];
}
export interface OperationState {
  status: OperationStatus;
  steps: { step: StepName; status: string; attempt: number; reason?: ReasonCode }[];
}
export const stateQuery = { type: 'query', name: 'state' } as QueryDefinition<InstanceState, [], 'state'>;
export const timelineQuery = { type: 'query', name: 'timeline' } as QueryDefinition<OperationState, [], 'timeline'>;
