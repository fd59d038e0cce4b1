import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import type { PlanName } from './catalogue.ts';
import { OperationId } from './ids.ts';
import type { ReasonCode } from './reasons.ts';
import type { CloudName } from './stack.ts';
import type { InstanceStatus, OperationKind, OperationStatus } from './states.ts';
import { Decision, StepName } from './steps.ts';

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
/** One workflow per payment that came late, and one per refund that failed after the order had ended. */
export function latePaymentWorkflowId({ paymentIntentId, refundId }: LatePayment): string {
  return `billing/late/${refundId ?? paymentIntentId}`;
}

/** Money of an order that has ended: it came late, or its refund failed. */
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

/** Deadlines and windows of the workflows in ms; configuration, passed in at the start of an instance. */
export interface WorkflowTimes {
  holdHostnameMs: number;
  createSubscriptionMs: number;
  awaitPaymentMs: number;
  issueLicenceMs: number;
  stackUpMs: number;
  awaitHealthyMs: number;
  awaitActivationMs: number;
  /** How long a step before the pivot waits for an operator before the saga undoes by itself. */
  operatorWindowMs: number;
  /** How long a look for drift may take with its tries; absent from instances of before there was one. */
  detectDriftMs?: number;
  /** How long a destroy may fail before it shows as orphan_cleanup; absent from instances of before it could be set. */
  orphanAfterMs?: number;
}

/** Facts about an instance that operators see; no personal data. */
export interface InstanceFacts {
  instanceId: string;
  orderId: string;
  accountId: string;
  hostname: string;
  cloud: CloudName;
  region: string;
  plan: PlanName;
  /** Until when the server is paid, ISO 8601; absent before it is ready. */
  paidUntil?: string;
}

export interface QueuedOperation {
  operationId: string;
  kind: OperationKind;
  /** Whether somebody asked for it who wants to see it, in place of a schedule. */
  asked?: boolean;
}

/** Input of `instance/<id>`; the same shape is carried over continue-as-new. */
export interface InstanceInput {
  facts: InstanceFacts;
  times: WorkflowTimes;
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
  times: WorkflowTimes;
  operationId: string;
  /** Which run of the operation this is, from 1; a later one follows a run that ended without a result. */
  run: number;
  /** What the instance is when the operation begins; of operations on delivered servers. */
  from?: InstanceStatus;
  /** Whether somebody asked for it who wants to see it, in place of a schedule. */
  asked?: boolean;
}

export interface OperationResult {
  status: OperationStatus;
  instanceStatus: InstanceStatus;
  reason?: ReasonCode;
  /** Until when the instance is paid from now on, ISO 8601; absent where the operation does not change it. */
  paidUntil?: string;
}

/** What every step's activity is told about where it runs. */
export interface StepContext {
  instanceId: string;
  orderId: string;
  operationId: string;
  step: StepName;
  /** Try of the step within the operation, from 1; an operator's retry raises it. Not the activity's own attempt. */
  attempt: number;
}

/** Inputs of the Updates. They are schemas because anybody may send anything from the Temporal UI. */
export const CancelRequest = z.strictObject({
  by: z.enum(['customer', 'operator']),
  operationId: OperationId.optional(),
});
export type CancelRequest = z.infer<typeof CancelRequest>;
export const OperatorRequest = z.strictObject({
  operationId: OperationId,
  step: StepName,
  /** The try that waits, as the operation shows it. */
  attempt: z.number().int().positive(),
  operator: z.string().min(1).max(100),
  /** Goes to the audit log. */
  why: z.string().min(1).max(500),
});
export type OperatorRequest = z.infer<typeof OperatorRequest>;
export const OperatorDecision = OperatorRequest.extend({ action: Decision });
export type OperatorDecision = z.infer<typeof OperatorDecision>;
export const CheckDriftRequest = z.strictObject({ operationId: OperationId, by: z.enum(['system', 'operator']) });
export type CheckDriftRequest = z.infer<typeof CheckDriftRequest>;
/** Facts that may change after the delivery. A schema because anybody may send anything from the Temporal UI. */
export const InstanceFactsChange = z.strictObject({ paidUntil: z.iso.datetime().optional() });
export type InstanceFactsChange = z.infer<typeof InstanceFactsChange>;
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
export const checkDriftUpdate = { type: 'update', name: 'check-drift' } as UpdateDefinition<
  AcceptedOperation,
  [CheckDriftRequest],
  'check-drift'
>;
export const paymentChanged = { type: 'signal', name: 'payment-changed' } as SignalDefinition<[], 'payment-changed'>;
/** To the entity: facts of its instance that somebody else changed, as paid-until by the subscription. */
export const factsChanged = { type: 'signal', name: 'facts-changed' } as SignalDefinition<
  [InstanceFactsChange],
  'facts-changed'
>;
/** From the entity to the running operation. */
export const operatorDecided = { type: 'signal', name: 'operator-decided' } as SignalDefinition<
  [OperatorDecision],
  'operator-decided'
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
