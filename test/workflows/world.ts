import { randomUUID } from 'node:crypto';
import { ApplicationFailure, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createHeartbeatInterceptor } from '../../src/activities/lib/heartbeat-interceptor.ts';
import type { Difference, JudgedDrift } from '../../src/contracts/drift.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import { type OperationTimes, operationDurations } from '../../src/contracts/operations/registry.ts';
import type { ReasonCode } from '../../src/contracts/reasons.ts';
import type { StepName } from '../../src/contracts/steps.ts';
import type { SubscriptionReading } from '../../src/contracts/subscription.ts';
import {
  type CorrectionRef,
  controlQueue,
  type InstanceInput,
  instanceWorkflowId,
  type OperationRef,
  type OperatorDecision,
  operationWorkflowId,
  provisionQueue,
  type StepContext,
} from '../../src/contracts/workflow-messages.ts';
import { endStateOf } from '../../src/domain/billing/order-rules.ts';
import { judgeDrift } from '../../src/domain/operations/judge-drift.ts';
import { startDevServer, startTimeSkipping, workflowBundle } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const defaultTimes = Object.fromEntries(
  operationDurations.map(({ variable, defaultMs }) => [variable, defaultMs]),
) as OperationTimes;

/** Behaviour of a step's activity; `tries` counts from 1 over all its runs. */
export type Behaviour = (tries: number, context: StepContext) => Promise<void> | void;

/**
 * The world of the workflows, in memory: only what the records of an order decide, so that every branch of the saga
 * can be reached in virtual time. The activities themselves are tested against the real engines elsewhere.
 */
export function createWorld(behaviours: Partial<Record<StepName, Behaviour>> = {}) {
  const calls: string[] = [];
  const tries = new Map<string, number>();
  /** The latest recorded attempt of each step. */
  const attempts: Partial<Record<StepName, number>> = {};
  const order: { state: string; reason?: ReasonCode } = { state: 'awaiting_payment' };
  const decisions: OperatorDecision[] = [];
  const notes: string[] = [];
  /** Orders whose link was mailed, and why no relay takes it. */
  const links: { mailed: string[]; refusal?: ReasonCode } = { mailed: [] };
  /** The results of the reads of the server's subscription, in order; the last one repeats. */
  const subscription: { reads: (() => SubscriptionReading)[] } = { reads: [] };
  /** The drift at the cloud, which a repair removes, and whether no mail about it can be sent. */
  const drift: { differences: Difference[]; isMailRefused?: boolean } = { differences: [] };

  function count(name: StepName): number {
    const number = (tries.get(name) ?? 0) + 1;
    tries.set(name, number);
    calls.push(name);
    return number;
  }

  function step(name: StepName, before?: () => void) {
    return async (context: StepContext): Promise<void> => {
      const number = count(name);
      attempts[name] = Math.max(attempts[name] ?? 0, context.attempt);
      await behaviours[name]?.(number, context);
      before?.();
    };
  }

  const activities = {
    latestAttempts: async () => ({ ...attempts }),
    holdHostname: step('hold-hostname', () => {
      if (order.state === 'cancelling') throw fail(order.reason ?? 'cancelled_by_customer');
    }),
    createSubscription: step('create-subscription'),
    awaitPayment: step('await-payment', () => {
      if (order.state === 'awaiting_payment') order.state = 'fulfilling';
    }),
    expirePayment: async () => {
      calls.push('expire-payment');
      order.state = 'cancelling';
      order.reason = 'payment_expired';
      throw fail('payment_expired');
    },
    issueLicence: step('issue-licence'),
    stackUp: step('stack-up'),
    awaitHealthy: step('await-healthy'),
    awaitActivation: step('await-activation'),
    markReady: step('mark-ready', () => {
      if (order.state === 'fulfilled') return;
      if (order.state !== 'fulfilling') throw fail(order.reason ?? 'cancelled_by_customer');
      order.state = 'fulfilled';
    }),
    sendMail: step('send-mail'),
    sendOrderLink: async ({ orderId = '' }: OperationRef): Promise<void> => {
      if (links.refusal) throw fail(links.refusal);
      links.mailed.push(orderId);
    },
    settleMoney: step('settle-money'),
    sendOutcomeMail: step('send-outcome-mail'),
    revokeLicence: step('revoke-licence'),
    destroyStack: step('destroy-stack'),
    releaseHostname: step('release-hostname'),
    detectDrift: async (context: StepContext): Promise<JudgedDrift> => {
      await step('detect-drift')(context);
      const { differences } = drift;
      return { differences, requiredVolumeIds: ['vol-1'], ...judgeDrift(differences) };
    },
    openOperation: async () => {
      notes.push('opened');
    },
    reportDrift: async (context: StepContext, found: JudgedDrift) => {
      await step('report-drift')(context);
      if (found.verdict === 'needs_person') throw fail(found.reason);
    },
    sendServerIncident: async (ref: OperationRef, found: JudgedDrift, from: string) => {
      notes.push(`told ${ref.operationId} ${'reason' in found ? found.reason : 'nothing'} ${from}`);
      if (drift.isMailRefused) throw fail('mail_refused');
    },
    repairStack: async (context: StepContext, requiredVolumeIds: string[]) => {
      await step('repair-stack')(context);
      notes.push(`kept ${requiredVolumeIds.join()}`);
      drift.differences = [];
    },
    restartServer: step('restart-machines'),
    readConsole: async ({ operationId }: OperationRef): Promise<void> => {
      notes.push(`console ${operationId}`);
    },
    correctRecords: async ({ orderId, number }: CorrectionRef): Promise<void> => {
      notes.push(`corrected ${orderId} ${number}`);
    },
    mailAgain: async ({ orderId }: CorrectionRef): Promise<void> => {
      if (links.refusal) throw fail(links.refusal);
      notes.push(`mailed again ${orderId}`);
    },
    tellReplacedAddress: async ({ orderId }: CorrectionRef): Promise<void> => {
      notes.push(`replaced ${orderId}`);
    },
    endBroken: async () => {
      notes.push('broken');
    },
    startCancelling: async (_ref: unknown, reason: ReasonCode) => {
      if (order.state === 'fulfilled') return 'already_ready';
      if (order.state === 'awaiting_payment' || order.state === 'fulfilling') {
        order.state = 'cancelling';
        order.reason = reason;
      }
      return order.state === 'cancelling' ? 'cancelling' : 'already_ended';
    },
    beginUndo: async (_ref: unknown, reason: ReasonCode) => {
      order.state = 'cancelling';
      order.reason ??= reason;
      return order.reason;
    },
    endOrder: async (_ref: unknown, reason: ReasonCode) => {
      calls.push('end-order');
      order.state = endStateOf(reason);
    },
    settleLatePayment: async () => {
      const number = count('settle-money');
      await behaviours['settle-money']?.(number, {} as StepContext);
      return 3_509;
    },
    sendLateRefund: async (_latePayment: unknown, amount: number) => {
      notes.push(`late refund ${amount}`);
    },
    readSubscription: async (subscriptionId: string): Promise<SubscriptionReading> => {
      calls.push(`read ${subscriptionId}`);
      const read = subscription.reads.length > 1 ? subscription.reads.shift() : subscription.reads[0];
      if (!read) throw fail('not_found');
      return read();
    },
    movePaidUntil: async (subscriptionId: string) => {
      notes.push(`paid-until of ${subscriptionId} moved`);
    },
    noteOperation: async (_ref: unknown, change: { status: string; instanceStatus?: string }) => {
      notes.push(change.instanceStatus ? `${change.status}/${change.instanceStatus}` : change.status);
    },
    noteNeedsOperator: async (context: StepContext, reason: ReasonCode, detail: string) => {
      notes.push(`needs_operator ${context.step}#${context.attempt} ${reason}`);
      return detail;
    },
    noteDecision: async (_context: StepContext, decision: OperatorDecision) => {
      decisions.push(decision);
    },
  };
  return { activities, calls, order, decisions, notes, links, tries, drift, subscription };
}

export type World = ReturnType<typeof createWorld>;

/** A failure as the activities throw it. */
export function fail(reason: ReasonCode, nonRetryable = true): ApplicationFailure {
  return ApplicationFailure.create({ type: reason, message: reason, nonRetryable });
}

export const operationId = 'op_0123456789abcdef';

function instanceInput(instanceId: string): InstanceInput {
  return {
    facts: {
      instanceId,
      orderId: `ord_${instanceId.slice(1)}`,
      accountId: 'acc_0123456789abcdef',
      hostname: 'acme.local.freehold.localhost',
      cloud: 'local',
      region: 'home',
      plan: 'MAKER',
    },
    status: 'requested',
    queue: [{ operationId, kind: provision.kind, requestedBy: 'customer' }],
    recentUpdates: [],
  };
}

export interface WorldOptions {
  world: World;
  /** The configuration; a test may change it while its instance runs. */
  times?: Partial<OperationTimes>;
  maxEvents?: number;
  /** The entity's input, instead of that of an order. */
  input?: Partial<InstanceInput>;
  /**
   * The real server in real time, for what the time-skipping one does differently. That one loses a workflow task
   * that cancels an activity or a timer which ends in the same moment (temporalio/sdk-java#3088), and the workflow
   * then hangs: a test that cancels needs the real one.
   */
  realTime?: boolean;
  /** Begins before the operation runs as a child. */
  atOnce?: boolean;
  /** Timeout of all requests of the test (ms): a little below jest's limit, so that its server is stopped. */
  limitMs?: number;
}

type Handle = ReturnType<TestWorkflowEnvironment['client']['workflow']['getHandle']>;

export interface Running {
  environment: TestWorkflowEnvironment;
  entity: Handle;
  operation: Handle;
  instanceId: string;
}

/**
 * Runs the workers of a world for the length of a test and starts one instance in it. A test that times out fails
 * with the state of its workflows, and leaves no server behind.
 */
export async function withInstance<Result>(
  options: WorldOptions,
  test: (running: Running) => Promise<Result>,
): Promise<Result> {
  const { world, limitMs = 45_000 } = options;
  const deadline = Date.now() + limitMs;
  // A server of its own: all workflows of a time-skipping server share its clock.
  const environment = options.realTime ? await startDevServer() : await startTimeSkipping();
  try {
    const instanceId = `i${randomUUID().replaceAll('-', '').slice(0, 16)}`;
    const { workflow } = environment.client;
    const running = {
      environment,
      entity: workflow.getHandle(instanceWorkflowId(instanceId)),
      operation: workflow.getHandle(operationWorkflowId(instanceId, operationId)),
      instanceId,
    };
    const common = {
      connection: environment.nativeConnection,
      activities: { ...world.activities, loadTimes: async () => ({ ...defaultTimes, ...options.times }) },
      interceptors: { activity: [() => ({ inbound: createHeartbeatInterceptor() })] },
      shutdownForceTime: '3 seconds' as const,
    };
    const [control, provision] = await Promise.all([
      Worker.create({ ...common, taskQueue: controlQueue, workflowBundle: await workflowBundle() }),
      Worker.create({ ...common, taskQueue: provisionQueue('local') }),
    ]);
    const play = async () => {
      const input = {
        ...instanceInput(instanceId),
        ...options.input,
        ...(options.maxEvents ? { maxEvents: options.maxEvents } : {}),
      };
      await workflow.start('instance', {
        workflowId: running.entity.workflowId,
        taskQueue: controlQueue,
        args: [input],
        typedSearchAttributes: [
          { key: defineSearchAttributeKey('InstanceStatus', SearchAttributeType.KEYWORD), value: 'requested' },
          { key: defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL), value: false },
        ],
      });
      if (!options.atOnce) await until(() => exists(running.operation), { what: 'the operation runs as a child' });
      return test(running);
    };
    const playInTime = async () => {
      try {
        return await environment.connection.withDeadline(deadline, play);
      } catch (error) {
        if (Date.now() < deadline) throw error;
        const where = await standing(running, world);
        throw new Error(`the test did not end within ${limitMs} ms:\n${where}`, { cause: error });
      }
    };
    return await provision.runUntil(control.runUntil(playInTime));
  } finally {
    await environment.teardown();
  }
}

/** The state of a test's workflows: for the failure of one that hangs. */
async function standing({ entity, operation }: Running, world: World): Promise<string> {
  const lines = [entity, operation].map(async (handle) => {
    const [{ status }, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
    const last = history.events?.at(-1);
    const event = proto.temporal.api.enums.v1.EventType[last?.eventType ?? 0];
    return `${handle.workflowId} ${status.name} since its event ${last?.eventId}, ${event}`;
  });
  const results = await Promise.allSettled(lines);
  const texts = results.map((line) => (line.status === 'fulfilled' ? line.value : String(line.reason)));
  return [...texts, `calls: ${world.calls.join(' ')}`, `notes: ${world.notes.join(', ')}`].join('\n');
}

/** Whether a workflow was started. */
export async function exists(handle: { describe(): Promise<unknown> }): Promise<boolean> {
  try {
    await handle.describe();
    return true;
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}
