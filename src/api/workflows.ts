import {
  Client,
  type Connection,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  defineSearchAttributeKey,
  type SearchAttributePair,
  type SearchAttributeType,
} from '@temporalio/common';
import { z } from 'zod';
import type { ApiConfig } from '../config.ts';
import {
  type CheckCloudsInput,
  CloudReport,
  checkCloudsWorkflowId,
  checkCloudsWorkflowType,
} from '../contracts/clouds.ts';
import {
  type ReconcileInput,
  type ReconcileReport,
  reconcileWorkflowId,
  reconcileWorkflowType,
} from '../contracts/fleet.ts';
import { orderOperation } from '../contracts/operations/registry.ts';
import { isReasonCode, ReasonError } from '../contracts/reasons.ts';
import type { CloudName } from '../contracts/stack.ts';
import type { Decision } from '../contracts/steps.ts';
import { subscriptionSignal, subscriptionWorkflowType } from '../contracts/subscription.ts';
import {
  type AcceptedOperation,
  abortOperation,
  type CancelRequest,
  type CorrectionRef,
  cancelOperation,
  controlQueue,
  correctionWorkflowId,
  correctionWorkflowType,
  type InstanceFacts,
  type InstanceInput,
  instanceWorkflowId,
  instanceWorkflowType,
  type LatePayment,
  latePaymentWorkflowId,
  latePaymentWorkflowType,
  type OperatorRequest,
  paymentChanged,
  type QueuedOperation,
  requestUpdate,
  retryStep,
  searchAttributes,
  skipStep,
} from '../contracts/workflow-messages.ts';
import { workflowPage } from '../domain/operations/workflow-page.ts';
import type { OrderRecord, SubscriptionRecord } from '../store/records.ts';
import { textsOf } from '../texts/texts.ts';

const { summaries } = textsOf('en').details;

const updates = { retry: retryStep, skip: skipStep, abort: abortOperation } as const;

/**
 * The API's calls to Temporal. Every call has a deadline; when it passes, or nothing answers, it throws
 * `workflow_unreachable`. A refused Update throws its reason code.
 */
export function createWorkflows({
  connection,
  namespace,
  config,
  deadlineMs = 5_000,
}: {
  connection: Connection;
  namespace: string;
  config: ApiConfig;
  /** Longest wait for one call, ms. */
  deadlineMs?: number;
}) {
  const client = new Client({ connection, namespace });

  function pageOf(workflowId: string): string | undefined {
    const base = config.TEMPORAL_UI_URL;
    return base && workflowPage({ base, namespace }, workflowId);
  }

  async function ask<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      // gRPC measures deadlines by the real clock.
      return await connection.withDeadline(Date.now() + deadlineMs, call);
    } catch (error) {
      throw toReason(error);
    }
  }

  /** The result of a workflow; null while it runs. */
  async function resultOf(workflowId: string): Promise<unknown> {
    return ask(async () => {
      const handle = client.workflow.getHandle(workflowId);
      const { status } = await handle.describe();
      if (status.name === 'RUNNING') return null;
      if (status.name !== 'COMPLETED') throw new ReasonError('internal', `${workflowId} ended as ${status.name}`);
      return handle.result();
    });
  }

  return {
    /** Starts the workflow of an order's instance; no effect if it runs or ran already. */
    async startInstance(order: OrderRecord): Promise<void> {
      const facts = factsOf(order);
      const input: InstanceInput = {
        facts,
        status: 'requested',
        queue: [{ operationId: order.operationId, kind: orderOperation.kind, requestedBy: 'customer' }],
        recentUpdates: [],
      };
      await ask(async () => {
        try {
          await client.workflow.start(instanceWorkflowType, {
            workflowId: instanceWorkflowId(order.instanceId),
            taskQueue: controlQueue,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            args: [input],
            typedSearchAttributes: attributesOf(facts),
            staticSummary: `${facts.plan} on ${facts.cloud}/${facts.region}: ${facts.hostname}`,
          });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
      });
    },
    /** Signals an instance that its payment changed; false when its workflow has ended. */
    async signalPayment(instanceId: string): Promise<boolean> {
      return ask(async () => {
        try {
          await client.workflow.getHandle(instanceWorkflowId(instanceId)).signal(paymentChanged);
          return true;
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        }
      });
    },
    /** Signals the workflow of a subscription that it changed at Stripe, and starts it if none runs. */
    async signalSubscription(subscription: SubscriptionRecord): Promise<void> {
      await ask(() => client.workflow.signalWithStart(subscriptionWorkflowType, subscriptionSignal(subscription)));
    },
    /**
     * Requests the cancellation of an order by its customer or an operator. Errors: `already_ready`, `already_ended`,
     * `not_found` when the workflow ended.
     */
    async cancel(
      instanceId: string,
      { by, updateId }: CancelRequest & { updateId: string },
    ): Promise<AcceptedOperation> {
      return ask(() =>
        client.workflow
          .getHandle(instanceWorkflowId(instanceId))
          .executeUpdate(cancelOperation, { args: [{ by }], updateId }),
      );
    },
    /** Passes an operator's decision on. Errors: `step_not_waiting`, `step_not_skippable`, `not_found`. */
    async decide(
      instanceId: string,
      { action, request, updateId }: { action: Decision; request: OperatorRequest; updateId: string },
    ): Promise<AcceptedOperation> {
      return ask(() =>
        client.workflow
          .getHandle(instanceWorkflowId(instanceId))
          .executeUpdate(updates[action], { args: [request], updateId }),
      );
    },
    /**
     * Requests an operation from an instance; returns the operation that answers the request. The same operation id is
     * the same request. Errors: `server_not_ready`, `operation_running`, `not_found` when the workflow ended.
     */
    async request(instanceId: string, operation: QueuedOperation): Promise<AcceptedOperation> {
      const { kind, operationId, requestedBy, request = {} } = operation;
      return ask(() =>
        client.workflow.getHandle(instanceWorkflowId(instanceId)).executeUpdate(requestUpdate(kind), {
          args: [{ ...request, operationId, requestedBy }],
          updateId: operationId,
        }),
      );
    },
    /** Starts the workflow that settles a late payment; once per payment intent. */
    async startLatePayment(latePayment: LatePayment): Promise<void> {
      await ask(async () => {
        try {
          await client.workflow.start(latePaymentWorkflowType, {
            workflowId: latePaymentWorkflowId(latePayment),
            taskQueue: controlQueue,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            args: [latePayment],
            staticSummary: summaries.latePayment({ orderId: latePayment.orderId }),
          });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
      });
    },
    /** Starts what follows a correction of an order's addresses; no effect if it runs or has succeeded already. */
    async startCorrection(correction: CorrectionRef): Promise<void> {
      await ask(async () => {
        try {
          await client.workflow.start(correctionWorkflowType, {
            workflowId: correctionWorkflowId(correction),
            taskQueue: controlQueue,
            workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
            workflowIdConflictPolicy: 'USE_EXISTING',
            args: [correction],
            staticSummary: summaries.correction({ orderId: correction.orderId }),
          });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
      });
    },
    /** Starts a reconcile run for an operator; no effect if it runs or ran already. */
    async startReconcile(runId: string, { repair, orphans }: { repair: boolean; orphans: boolean }): Promise<void> {
      const input: ReconcileInput = { parts: ['records', 'cloud'], repair, orphans };
      await ask(() =>
        client.workflow.start(reconcileWorkflowType, {
          workflowId: reconcileWorkflowId(runId),
          taskQueue: controlQueue,
          workflowIdConflictPolicy: 'USE_EXISTING',
          args: [input],
          staticSummary: repair ? summaries.repair : summaries.reconcile,
        }),
      );
    },
    /** The report of a reconcile run; null while it runs. Errors: `not_found`, `internal` when it failed. */
    async reconcileReport(runId: string): Promise<ReconcileReport | null> {
      return (await resultOf(reconcileWorkflowId(runId))) as ReconcileReport | null;
    },
    /** Starts a check of these clouds; no effect if it runs or ran already. */
    async startCloudCheck(id: string, clouds: CloudName[]): Promise<void> {
      const input: CheckCloudsInput = { clouds };
      await ask(() =>
        client.workflow.start(checkCloudsWorkflowType, {
          workflowId: checkCloudsWorkflowId(id),
          taskQueue: controlQueue,
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowExecutionTimeout: '10 minutes',
          args: [input],
          staticSummary: summaries.checkClouds({ clouds: clouds.join(', ') }),
        }),
      );
    },
    /** The report of a cloud check; null while it runs. Errors: `not_found`, `internal` when it failed. */
    async cloudCheckReport(id: string): Promise<CloudReport[] | null> {
      const result = await resultOf(checkCloudsWorkflowId(id));
      return result === null ? null : z.array(CloudReport).parse(result);
    },
    /** Throws `workflow_unreachable` when Temporal does not answer. */
    async ping(): Promise<void> {
      await ask(() => connection.workflowService.getSystemInfo({}));
    },
    pageOf,
  };
}

export type Workflows = ReturnType<typeof createWorkflows>;

function toReason(error: unknown): unknown {
  if (error instanceof ReasonError) return error;
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (cause instanceof ApplicationFailure && isReasonCode(cause.type)) {
      return new ReasonError(cause.type, cause.message || undefined, { cause: error });
    }
    return error;
  }
  if (error instanceof WorkflowNotFoundError) return new ReasonError('not_found', 'its workflow has ended');
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isUnreachable(error)) {
    return new ReasonError('workflow_unreachable', undefined, { cause: error });
  }
  return error;
}

/** CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE of gRPC. */
const passingCodes = [1, 4, 8, 14];

function isUnreachable(error: unknown): boolean {
  if (isGrpcServiceError(error)) return passingCodes.includes(error.code);
  const { cause } = error as { cause?: unknown };
  return cause !== undefined && isGrpcServiceError(cause) && passingCodes.includes(cause.code);
}

function factsOf(order: OrderRecord): InstanceFacts {
  const { hostname, cloud, region, plan, addOns, limits, zones } = order.quote.subject;
  const { instanceId, accountId, _id: orderId } = order;
  const facts = { hostname, names: [hostname], cloud, region, plan, addOns, limits, nodes: zones.length };
  return { instanceId, orderId, accountId, ...facts };
}

function attributesOf(facts: InstanceFacts): SearchAttributePair[] {
  const attribute = (name: keyof typeof searchAttributes, value: string | boolean) => {
    const type = searchAttributes[name].toUpperCase() as SearchAttributeType;
    return { key: defineSearchAttributeKey(name, type), value } as SearchAttributePair;
  };
  return [
    attribute('InstanceId', facts.instanceId),
    attribute('OrderId', facts.orderId),
    attribute('AccountId', facts.accountId),
    attribute('Hostname', facts.hostname),
    attribute('Cloud', facts.cloud),
    attribute('Region', facts.region),
    attribute('Plan', facts.plan),
    attribute('InstanceStatus', 'requested'),
    attribute('OperationKind', orderOperation.kind),
    attribute('NeedsAttention', false),
  ];
}
