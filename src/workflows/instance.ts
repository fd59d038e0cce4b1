import {
  allHandlersFinished,
  CancellationScope,
  ChildWorkflowFailure,
  type ChildWorkflowHandle,
  condition,
  continueAsNew,
  currentUpdateInfo,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { z } from 'zod';
import type { ReasonCode } from '../contracts/reasons.ts';
import { InstanceStatus, type OperationKind } from '../contracts/states.ts';
import { type Decision, refusalOf } from '../contracts/steps.ts';
import {
  type AcceptedOperation,
  abortOperation,
  CancelRequest,
  CheckDriftRequest,
  cancelOperation,
  checkDriftUpdate,
  factsChanged,
  InstanceFactsChange,
  type InstanceInput,
  instanceStatusChanged,
  type OperationInput,
  type OperationResult,
  OperatorRequest,
  operationWorkflowId,
  operatorDecided,
  paymentChanged,
  type QueuedOperation,
  retryStep,
  skipStep,
  stateQuery,
} from '../contracts/workflow-messages.ts';

import { admit } from '../domain/operations/admit-operation.ts';
import { describeInstance, operationSummary } from '../domain/operations/describe-operation.ts';
import { textsOf } from '../texts/texts.ts';
import { controlActivities } from './lib/activities.ts';
import { refusal } from './lib/saga.ts';
import { instanceStatus, needsAttention, operationKind, renewsAt } from './lib/search-attributes.ts';
import { checkDrift } from './operations/check-drift.ts';
import { provision } from './operations/provision.ts';

const { reasons: reasonTexts } = textsOf('en');

const rememberedUpdates = 200;
const ended: readonly InstanceStatus[] = ['aborted', 'terminated'];

/** The workflow of an operation. */
type Operation = (input: OperationInput) => Promise<OperationResult>;

interface Running extends QueuedOperation {
  scope: CancellationScope;
  child?: ChildWorkflowHandle<Operation>;
  /** Its workflow ended without a result: it was terminated, or it is broken. */
  stopped?: boolean;
  /** Somebody decided that a stopped operation runs again. */
  again?: boolean;
}

/**
 * The entity of one instance, `instance/<id>`: admits work by Updates, runs one operation at a time as a child, and
 * continues as new when the history grows. It calls almost no activities; the sagas are in the children.
 */
export async function instance(input: InstanceInput): Promise<void> {
  const { times } = input;
  let { facts } = input;
  let queue: QueuedOperation[] = [...input.queue];
  const recentUpdates = [...input.recentUpdates];
  let status = input.status;
  let running: Running | undefined;

  setHandler(stateQuery, () => ({
    status,
    running: whatRuns(),
    queue: [...queue],
  }));

  setHandler(paymentChanged, async () => {
    await tell((child) => child.signal(paymentChanged));
  });
  setHandler(factsChanged, (change) => {
    const changed = InstanceFactsChange.safeParse(change);
    if (changed.success) changeFacts(changed.data);
    else log.warn('a change of facts that does not fit is ignored', { error: changed.error });
  });

  setHandler(instanceStatusChanged, (value) => {
    if (running && InstanceStatus.safeParse(value).success) become(value);
  });

  setHandler(checkDriftUpdate, (request) => once(async () => ({ operationId: enqueue(checkOf(request)) })), {
    validator: mayCheckDrift,
    description: 'Compare the server with its stack and repair what is safe: {operationId: "op_…", by: "operator"}.',
  });

  setHandler(cancelOperation, ({ by, operationId }) => once(() => cancel(by, operationId)), {
    validator: mustBeCancellable,
    description: 'Cancel the order before it is ready; everything is undone, the money goes back: {by: "operator"}.',
  });
  setHandler(retryStep, decide('retry'), {
    validator: mayBe('retry'),
    description: 'Run the waiting step again: {operationId, step, attempt, operator, why}.',
  });
  setHandler(skipStep, decide('skip'), {
    validator: mayBe('skip'),
    description: 'Go on without the waiting step, where that is allowed: {operationId, step, attempt, operator, why}.',
  });
  setHandler(abortOperation, decide('abort'), {
    validator: mayBe('abort'),
    description:
      'Undo the order, or end a check and leave the server as it is: {operationId, step, attempt, operator, why}.',
  });

  // "Request cancellation" of the Temporal UI means the order; it never ends the entity of a server that is there.
  CancellationScope.current().cancelRequested.catch(() =>
    CancellationScope.nonCancellable(() => cancelOrder('operator')).catch((error) => {
      log.warn('a request for cancellation changes nothing', { error });
    }),
  );

  /** The order, or a check that is named. */
  async function cancel(by: CancelRequest['by'], operationId?: string): Promise<AcceptedOperation> {
    const check = running;
    if (check?.kind !== 'check-drift' || check.operationId !== operationId) return cancelOrder(by);
    await condition(() => check.child !== undefined);
    check.scope.cancel();
    return { operationId };
  }

  async function cancelOrder(by: CancelRequest['by']): Promise<AcceptedOperation> {
    const operation = running ?? queue.find(({ kind }) => kind === 'provision');
    if (operation?.kind !== 'provision') throw refusal('already_ready', `the instance is ${status}`);
    const { operationId } = operation;
    const reason: ReasonCode = by === 'customer' ? 'cancelled_by_customer' : 'cancelled_by_operator';
    const outcome = await controlActivities().startCancelling(placeOf(operationId), reason);
    if (outcome !== 'cancelling') throw refusal(outcome, 'somebody was faster');
    // Not before the child runs: it is the child's undo that gives everything back.
    await condition(() => running?.child !== undefined || ended.includes(status));
    if (running?.stopped) running.again = true;
    else running?.scope.cancel();
    return { operationId };
  }

  function decide(action: Decision) {
    return (request: OperatorRequest) =>
      once(async () => {
        const { operationId, step, attempt } = request;
        const isRunning = () => running?.operationId === operationId;
        await condition(() => !isRunning() || running?.child !== undefined);
        if (!running || !isRunning()) throw refusal('step_not_waiting', `operation ${operationId} has ended`);
        const decision = { ...request, action };
        if (!running.stopped) {
          await tell((child) => child.signal(operatorDecided, decision));
          return { operationId };
        }
        if (action === 'skip') throw refusal('step_not_waiting', 'the operation stopped; no step of it waits');
        await controlActivities().noteDecision({ ...placeOf(operationId), step, attempt }, decision);
        if (action === 'abort') return cancelOrder('operator');
        running.again = true;
        return { operationId };
      });
  }

  function placeOf(operationId: string) {
    return { instanceId: facts.instanceId, orderId: facts.orderId, operationId };
  }

  /** Passes news on to the running operation; one that ended in the same moment needs them no more. */
  async function tell(send: (child: ChildWorkflowHandle<Operation>) => Promise<void>): Promise<void> {
    const child = running?.child;
    if (!child) return;
    try {
      await CancellationScope.nonCancellable(() => send(child));
    } catch (error) {
      log.warn('the operation ended before the news reached it', { error });
    }
  }

  function changeFacts(change: InstanceFactsChange): void {
    facts = { ...facts, ...change };
    if (change.paidUntil) upsertSearchAttributes([{ key: renewsAt, value: new Date(change.paidUntil) }]);
    show();
  }

  function whatRuns(): QueuedOperation | null {
    return running ? { operationId: running.operationId, kind: running.kind } : null;
  }

  /** Lets an operation in, or refuses it with the reason; answers which one does what was asked for. */
  function enqueue(operation: QueuedOperation): string {
    const admission = admit(operation, { status, running: whatRuns(), queue });
    if (admission.refused) throw refusal(admission.refused, admission.detail);
    queue = admission.queue;
    show();
    return admission.operationId;
  }

  function mayCheckDrift(request: CheckDriftRequest): void {
    mustFit(CheckDriftRequest, request);
    if (repeated()) return;
    const admission = admit(checkOf(request), { status, running: whatRuns(), queue });
    if (admission.refused) throw refusal(admission.refused, admission.detail);
  }

  function mustBeCancellable(request: CancelRequest): void {
    mustFit(CancelRequest, request);
    const { operationId } = request;
    if (operationId === undefined || repeated()) return;
    if (![running, ...queue].some((operation) => operation?.operationId === operationId)) {
      throw refusal('step_not_waiting', `operation ${operationId} is not running`);
    }
  }

  function mustBeRunning(request: OperatorRequest): void {
    mustFit(OperatorRequest, request);
    if (running?.operationId !== request.operationId && !repeated()) {
      throw refusal('step_not_waiting', `operation ${request.operationId} is not running`);
    }
  }

  function mayBe(decision: Decision) {
    return (request: OperatorRequest): void => {
      mustBeRunning(request);
      const reason = refusalOf(decision, request.step);
      if (reason) throw refusal(reason, `step ${request.step}: ${reasonTexts[reason].operator}`);
    };
  }

  /** The earlier answer to an Update that came before continue-as-new. */
  function repeated(): AcceptedOperation | undefined {
    const updateId = currentUpdateInfo()?.id;
    const known = recentUpdates.find((update) => update.updateId === updateId);
    return known ? { operationId: known.operationId } : undefined;
  }

  /** Handles an Update, unless it is known, and remembers its answer. */
  async function once(handle: () => Promise<AcceptedOperation>): Promise<AcceptedOperation> {
    const accepted = repeated();
    if (accepted) return accepted;
    const { operationId } = await CancellationScope.nonCancellable(handle);
    const updateId = currentUpdateInfo()?.id;
    if (updateId) recentUpdates.push({ updateId, operationId });
    recentUpdates.splice(0, Math.max(0, recentUpdates.length - rememberedUpdates));
    return { operationId };
  }

  function become(value: InstanceStatus): void {
    if (value !== status) {
      status = value;
      upsertSearchAttributes([{ key: instanceStatus, value }]);
    }
    show();
  }

  function show(): void {
    setCurrentDetails(
      describeInstance({ facts, status, running: running ?? null, stopped: running?.stopped ?? false, queue }),
    );
  }

  const isLong = () =>
    workflowInfo().continueAsNewSuggested ||
    workflowInfo().historyLength >= (input.maxEvents ?? Number.POSITIVE_INFINITY);

  await CancellationScope.nonCancellable(live);
  if (ended.includes(status)) return;
  await continueAsNew<typeof instance>({ ...input, facts, status, queue, recentUpdates });

  async function live(): Promise<void> {
    show();
    while (!ended.includes(status)) {
      await condition(() => queue.length > 0 || isLong());
      const next = queue.shift();
      if (!next) break;
      become(await run(next));
      if (isLong()) break;
    }
    await condition(allHandlersFinished);
  }

  /** Runs one operation as a child, again if it was stopped. */
  async function run(operation: QueuedOperation): Promise<InstanceStatus> {
    upsertSearchAttributes([{ key: operationKind, value: operation.kind }]);
    if (status === 'requested') become('provisioning');
    for (let number = 1; ; number += 1) {
      const current: Running = { ...operation, scope: new CancellationScope() };
      running = current;
      show();
      try {
        const { instanceStatus: result, paidUntil } = await runChild(current, number);
        running = undefined;
        if (paidUntil) changeFacts({ paidUntil });
        return result;
      } catch (error) {
        if (!(error instanceof ChildWorkflowFailure)) throw error;
      }
      // A check changes nothing that it would have to take back, and the next one looks anew.
      if (operation.kind === 'check-drift') return endCheck(operation);
      await untilRunAgain(current);
    }
  }

  /** A cancel of the operation's scope reaches the child, whose undo is waited for. */
  async function runChild(operation: Running, number: number): Promise<OperationResult> {
    const { operationId, kind, scope, asked } = operation;
    const onDelivered = kind === 'provision' ? {} : { from: status, ...(asked ? { asked } : {}) };
    operation.child = await scope.run(() =>
      startChild(workflowOf(kind), {
        workflowId: operationWorkflowId(facts.instanceId, operationId),
        args: [{ facts, times, operationId, run: number, ...onDelivered }],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: operationSummary({ facts, kind }),
        typedSearchAttributes: workflowInfo().typedSearchAttributes,
      }),
    );
    return operation.child.result();
  }

  /** A check whose workflow ended without a result, with the server as it was left. */
  async function endCheck({ operationId }: QueuedOperation): Promise<InstanceStatus> {
    running = undefined;
    await controlActivities().endBroken(placeOf(operationId));
    return status;
  }

  /** An operation whose workflow ended without a result undid nothing: people decide, or a customer's cancel. */
  async function untilRunAgain(operation: Running): Promise<void> {
    operation.stopped = true;
    upsertSearchAttributes([{ key: needsAttention, value: true }]);
    show();
    await controlActivities().noteOperation(placeOf(operation.operationId), {
      status: 'needs_operator',
      reason: 'internal',
    });
    await condition(() => operation.again === true);
    upsertSearchAttributes([{ key: needsAttention, value: false }]);
  }
}

function checkOf({ operationId, by }: CheckDriftRequest): QueuedOperation {
  return { operationId, kind: 'check-drift', ...(by === 'operator' ? { asked: true } : {}) };
}

/** The workflow of each kind of operation; the others come with their own. */
function workflowOf(kind: OperationKind): Operation {
  return kind === 'check-drift' ? checkDrift : provision;
}

/** Refuses an input that no handler could read: an error inside of a handler would stop the whole workflow. */
function mustFit(schema: z.ZodType, request: unknown): void {
  const issues = schema.safeParse(request).error?.issues;
  if (!issues) return;
  throw refusal('invalid_request', issues.map(({ path, message }) => [...path, message].join(': ')).join('; '));
}
