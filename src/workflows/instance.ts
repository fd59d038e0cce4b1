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
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type OperationDeclaration,
  type OperationRequest,
  updateSchemaOf,
  workflowTypeOf,
} from '../contracts/operations/operation.ts';
import { findOperation, type OperationKind, operations } from '../contracts/operations/registry.ts';
import { InstanceStatus } from '../contracts/states.ts';
import { type Decision, refusalOf } from '../contracts/steps.ts';
import {
  type AcceptedOperation,
  abortOperation,
  CancelRequest,
  cancelOperation,
  DecisionAnswer,
  decisionAnswered,
  factsChanged,
  InstanceFactsChange,
  type InstanceInput,
  instanceStatusChanged,
  type OperationInput,
  type OperationRef,
  type OperationResult,
  type OperatorDecision,
  OperatorRequest,
  operationWorkflowId,
  operatorDecided,
  paymentChanged,
  type QueuedOperation,
  requestUpdate,
  retryStep,
  skipStep,
  stateQuery,
} from '../contracts/workflow-messages.ts';
import { admit } from '../domain/operations/admit-operation.ts';
import { describeInstance, operationSummary } from '../domain/operations/describe-instance.ts';
import { operationText } from '../domain/operations/operation-texts.ts';
import { textsOf } from '../texts/texts.ts';
import { controlActivities } from './lib/activities.ts';
import { assertSchema } from './lib/assert-schema.ts';
import { isHistoryLong } from './lib/history-length.ts';
import { refusal } from './lib/refusal.ts';
import { attributesOf, instanceStatus, needsAttention, operationKind } from './lib/search-attributes.ts';
import { openUpdateMemory } from './lib/update-memory.ts';

const { reasons: reasonTexts } = textsOf('en');

const ended: readonly InstanceStatus[] = ['aborted', 'terminated'];

/** The workflow of an operation. */
type OperationWorkflow = (input: OperationInput) => Promise<OperationResult>;

interface Running extends QueuedOperation {
  scope: CancellationScope;
  child?: ChildWorkflowHandle<OperationWorkflow>;
  /** Its workflow ended without a result: it was terminated, or it is broken. */
  stopped?: boolean;
  /** A stopped operation is to run again. */
  again?: boolean;
}

/**
 * The entity of one instance, `instance/<id>`: accepts work by Updates, one for each operation that can be requested,
 * runs one operation at a time as a child, and continues as new when the history grows. It calls almost no
 * activities; the sagas are in the children.
 */
export async function instance(input: InstanceInput): Promise<void> {
  let { facts, status } = input;
  let queue: QueuedOperation[] = [...input.queue];
  let running: Running | undefined;
  /** Decisions that were forwarded, by their ids, and whether the operation uses them, once it has said so. */
  const asked = new Map<string, boolean | undefined>();
  const { all: recentUpdates, previousResult, deduplicate } = openUpdateMemory(input.recentUpdates);

  setHandler(stateQuery, () => ({ status, running: runningOperation(), queue: [...queue] }));
  setHandler(paymentChanged, () => signalChild((child) => child.signal(paymentChanged)));
  setHandler(factsChanged, (change) => {
    const changed = InstanceFactsChange.safeParse(change);
    if (changed.success) changeFacts(changed.data);
    else log.warn('a change of facts that does not fit is ignored', { error: changed.error });
  });
  setHandler(decisionAnswered, (message) => {
    const answer = DecisionAnswer.safeParse(message).data;
    if (answer && asked.has(answer.id)) asked.set(answer.id, answer.isUsed);
  });
  setHandler(instanceStatusChanged, (value) => {
    if (running && InstanceStatus.safeParse(value).success) setStatus(value);
  });

  for (const declaration of operations) {
    if (declaration.requestedBy.length === 0) continue;
    const { kind, requestedBy } = declaration;
    setHandler(requestUpdate(kind), (request) => deduplicate(() => enqueue(queuedFrom(kind, request))), {
      validator: (request) => validateRequest(declaration, request),
      description: `${operationText(kind).request}: {operationId: "op_…", requestedBy: "${requestedBy.at(-1)}", …}.`,
    });
  }
  setHandler(cancelOperation, ({ by, operationId }) => deduplicate(() => cancel(by, operationId)), {
    validator: validateCancel,
    description:
      'Cancel the order before it is ready, which gives everything back; with an operationId, end that operation: ' +
      '{by: "operator"}.',
  });
  setHandler(retryStep, decide('retry'), {
    validator: validateDecision('retry'),
    description: 'Run the waiting step again: {operationId, step, attempt, operator, why}.',
  });
  setHandler(skipStep, decide('skip'), {
    validator: validateDecision('skip'),
    description: 'Go on without the waiting step, where that is allowed: {operationId, step, attempt, operator, why}.',
  });
  setHandler(abortOperation, decide('abort'), {
    validator: validateDecision('abort'),
    description:
      'Undo the operation, or end one that undoes nothing and leave the server as it is: {operationId, step, attempt, ' +
      'operator, why}.',
  });

  // "Request cancellation" of the Temporal UI cancels the order; it never ends the entity of a server that exists.
  CancellationScope.current().cancelRequested.catch(() =>
    CancellationScope.nonCancellable(() => cancelOrder('operator')).catch((error) => {
      log.warn('a request for cancellation changes nothing', { error });
    }),
  );

  /** Cancels the order, or the operation with this id. */
  async function cancel(by: CancelRequest['by'], operationId?: string): Promise<AcceptedOperation> {
    const named = [running, ...queue].find((operation) => operation?.operationId === operationId);
    if (operationId === undefined || !named || findOperation(named.kind)?.order) return cancelOrder(by);
    if (running?.operationId === operationId) {
      await stop(running);
    } else {
      queue = queue.filter((operation) => operation !== named);
      show();
    }
    return { operationId };
  }

  async function cancelOrder(by: CancelRequest['by']): Promise<AcceptedOperation> {
    const operation = running ?? queue.find(({ kind }) => findOperation(kind)?.order);
    const order = operation && findOperation(operation.kind)?.order;
    if (!order) throw refusal('already_ready', `the instance is ${status}`);
    const { operationId } = operation;
    const outcome = await controlActivities().startCancelling(refOf(operation), order.cancelledBy[by]);
    if (outcome !== 'cancelling') throw refusal(outcome, 'somebody was faster');
    // Not before the child runs: its undo refunds and removes everything.
    await condition(() => running?.child !== undefined || ended.includes(status));
    if (running?.stopped) running.again = true;
    else running?.scope.cancel();
    return { operationId };
  }

  /** Asks a running operation to end; its workflow decides what that means. */
  async function stop(operation: Running): Promise<void> {
    await condition(() => operation.child !== undefined || running !== operation);
    operation.scope.cancel();
  }

  function decide(action: Decision) {
    return (request: OperatorRequest) =>
      deduplicate(async () => {
        const { operationId, step, attempt } = request;
        const isRunning = () => running?.operationId === operationId;
        await condition(() => !isRunning() || running?.child !== undefined);
        const operation = running;
        if (!operation || !isRunning()) throw refusal('step_not_waiting', `operation ${operationId} has ended`);
        const decision = { ...request, action };
        if (!operation.stopped) {
          if (await isUsed(decision, operation)) return { operationId };
          throw refusal('step_not_waiting', `${step}, attempt ${attempt}`);
        }
        if (action === 'skip') throw refusal('step_not_waiting', 'the operation stopped; no step of it waits');
        // A delivered order refuses the cancel; then there is no decision to record.
        if (action === 'abort') await cancelOrder('operator');
        await controlActivities().noteDecision({ ...refOf(operation), step, attempt }, decision, operation.kind);
        // Another decision may have had it run again meanwhile, and that run may have ended.
        operation.again = true;
        return { operationId };
      });
  }

  /** Forwards a decision to the running operation and waits for its answer; an operation that ends uses none. */
  async function isUsed(decision: OperatorDecision, operation: Running): Promise<boolean> {
    const id = currentUpdateInfo()?.id ?? uuid4();
    asked.set(id, undefined);
    await signalChild((child) => child.signal(operatorDecided, { ...decision, id }));
    await condition(() => asked.get(id) !== undefined || running !== operation || operation.stopped === true);
    const used = asked.get(id) ?? false;
    asked.delete(id);
    return used;
  }

  function refOf({ operationId, kind }: QueuedOperation): OperationRef {
    const { instanceId, orderId } = facts;
    return { instanceId, operationId, ...(findOperation(kind)?.order ? { orderId } : {}) };
  }

  /** Forwards a signal to the running child; a child that has just closed is ignored. */
  async function signalChild(send: (child: ChildWorkflowHandle<OperationWorkflow>) => Promise<void>): Promise<void> {
    const child = running?.child;
    if (!child) return;
    try {
      await CancellationScope.nonCancellable(() => send(child));
    } catch (error) {
      log.warn('the operation ended before the signal reached it', { error });
    }
  }

  /**
   * Paid-until never moves back: an operation that took long ends with an older one than a renewal brought meanwhile.
   */
  function changeFacts({ paidUntil, ...others }: InstanceFactsChange): void {
    const isOlder = paidUntil === undefined || (facts.paidUntil !== undefined && paidUntil < facts.paidUntil);
    const change = isOlder ? others : { ...others, paidUntil };
    facts = { ...facts, ...change };
    const attributes = attributesOf(change);
    // Temporal fails a workflow task that sets no attribute, again with every try.
    if (attributes.length > 0) upsertSearchAttributes(attributes);
    show();
  }

  function runningOperation(): QueuedOperation | null {
    if (!running) return null;
    const { operationId, kind, requestedBy, request } = running;
    return { operationId, kind, requestedBy, ...(request ? { request } : {}) };
  }

  /**
   * Admits an operation, or throws the refusal. A hoisted function, because an Update that was buffered before this run
   * began is validated while the handlers are being set.
   */
  function admission(operation: QueuedOperation) {
    const decided = admit(operation, { status, running: runningOperation(), queue });
    if (decided.refused) throw refusal(decided.refused, decided.detail);
    return decided;
  }

  /** Accepts an operation or refuses it with a reason; returns the operation that fulfils the request. */
  async function enqueue(operation: QueuedOperation): Promise<AcceptedOperation> {
    const { operationId, endsRunning, ...admitted } = admission(operation);
    queue = admitted.queue;
    show();
    if (endsRunning && running) await stop(running);
    return { operationId };
  }

  function validateRequest(declaration: OperationDeclaration & { kind: OperationKind }, request: unknown): void {
    assertSchema(updateSchemaOf(declaration), request);
    if (!previousResult()) admission(queuedFrom(declaration.kind, request as OperationRequest));
  }

  function validateCancel(request: CancelRequest): void {
    assertSchema(CancelRequest, request);
    const { operationId } = request;
    if (operationId === undefined || previousResult()) return;
    if (![running, ...queue].some((operation) => operation?.operationId === operationId)) {
      throw refusal('step_not_waiting', `operation ${operationId} is not running`);
    }
  }

  function validateDecision(decision: Decision) {
    return (request: OperatorRequest): void => {
      assertSchema(OperatorRequest, request);
      if (running?.operationId !== request.operationId && !previousResult()) {
        throw refusal('step_not_waiting', `operation ${request.operationId} is not running`);
      }
      const reason = refusalOf(decision, request.step);
      if (reason) throw refusal(reason, `step ${request.step}: ${reasonTexts[reason].operator}`);
    };
  }

  function setStatus(value: InstanceStatus): void {
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

  const isLong = () => isHistoryLong(input.maxEvents);

  await CancellationScope.nonCancellable(live);
  if (ended.includes(status)) return;
  await continueAsNew<typeof instance>({ ...input, facts, status, queue, recentUpdates: recentUpdates() });

  async function live(): Promise<void> {
    show();
    while (!ended.includes(status)) {
      await condition(() => queue.length > 0 || isLong());
      const next = queue.shift();
      if (!next) break;
      setStatus(await run(next));
      if (isLong()) break;
    }
    await condition(allHandlersFinished);
  }

  /** Runs one operation as a child, again if it was stopped. */
  async function run(operation: QueuedOperation): Promise<InstanceStatus> {
    const declaration = findOperation(operation.kind);
    if (!declaration) {
      log.error('an operation of an unknown kind is not run', { ...operation });
      return endBroken(operation);
    }
    upsertSearchAttributes([{ key: operationKind, value: operation.kind }]);
    if (declaration.instanceStatus) setStatus(declaration.instanceStatus);
    for (let number = 1; ; number += 1) {
      const current: Running = { ...operation, scope: new CancellationScope() };
      running = current;
      show();
      try {
        const { instanceStatus: result, facts: changed } = await runChild(current, number);
        running = undefined;
        if (changed) changeFacts(changed);
        return result;
      } catch (error) {
        if (!(error instanceof ChildWorkflowFailure)) throw error;
      }
      // An operation without undo has nothing to undo, and can be requested again.
      if (declaration.pivot === null) return endBroken(operation);
      await untilRunAgain(current);
    }
  }

  /** Cancelling the operation's scope cancels the child, whose undo is awaited. */
  async function runChild(operation: Running, number: number): Promise<OperationResult> {
    const { operationId, kind, scope, requestedBy, request } = operation;
    operation.child = await scope.run(() =>
      startChild<OperationWorkflow>(workflowTypeOf(kind), {
        workflowId: operationWorkflowId(facts.instanceId, operationId),
        args: [{ facts, operationId, run: number, requestedBy, from: status, ...(request ? { request } : {}) }],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: operationSummary({ facts, kind }),
        typedSearchAttributes: workflowInfo().typedSearchAttributes,
      }),
    );
    return operation.child.result();
  }

  /** Ends an operation whose workflow ended without a result; the server stays as it is. */
  async function endBroken(operation: QueuedOperation): Promise<InstanceStatus> {
    running = undefined;
    await controlActivities().endBroken(refOf(operation));
    return status;
  }

  /** An operation whose workflow ended without a result was not undone: an operator decides, or a customer cancels. */
  async function untilRunAgain(operation: Running): Promise<void> {
    operation.stopped = true;
    upsertSearchAttributes([{ key: needsAttention, value: true }]);
    show();
    const { kind } = operation;
    await controlActivities().noteOperation(refOf(operation), { kind, status: 'needs_operator', reason: 'internal' });
    await condition(() => operation.again === true);
    upsertSearchAttributes([{ key: needsAttention, value: false }]);
  }
}

function queuedFrom(kind: OperationKind, { operationId, requestedBy, ...request }: OperationRequest): QueuedOperation {
  return { operationId, kind, requestedBy, ...(Object.keys(request).length > 0 ? { request } : {}) };
}
