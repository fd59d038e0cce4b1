import {
  allHandlersFinished,
  CancellationScope,
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
import type { InstanceStatus } from '../contracts/states.ts';
import { steps } from '../contracts/steps.ts';
import {
  type AcceptedOperation,
  abortOperation,
  CancelRequest,
  cancelOperation,
  type InstanceInput,
  licenceChanged,
  type OperatorDecision,
  OperatorRequest,
  operationWorkflowId,
  operatorDecided,
  paymentChanged,
  type QueuedOperation,
  retryStep,
  skipStep,
  stateQuery,
} from '../contracts/workflow-messages.ts';

import { describeInstance, operationSummary } from '../domain/describe-operation.ts';
import { control } from './lib/activities.ts';
import { refusal } from './lib/saga.ts';
import { instanceStatus, operationKind } from './lib/search-attributes.ts';
import { provision } from './provision.ts';

const rememberedUpdates = 200;
const ended: readonly InstanceStatus[] = ['aborted', 'terminated'];

/**
 * The entity of one instance, `instance/<id>`: admits work by Updates, runs one operation at a time as a child, and
 * continues as new when the history grows. It calls almost no activities; the sagas are in the children.
 */
export async function instance(input: InstanceInput): Promise<void> {
  const { facts, times } = input;
  const queue: QueuedOperation[] = [...input.queue];
  const recentUpdates = [...input.recentUpdates];
  let status = input.status;
  let running:
    | (QueuedOperation & { scope: CancellationScope; child?: ChildWorkflowHandle<typeof provision> })
    | undefined;

  setHandler(stateQuery, () => ({
    status,
    running: running ? { operationId: running.operationId, kind: running.kind } : null,
    queue: [...queue],
  }));

  setHandler(paymentChanged, async () => {
    await tell((child) => child.signal(paymentChanged));
  });
  // The verdict carries new limits to the host by itself; the operations that react to it come with theirs.
  setHandler(licenceChanged, () => undefined);

  setHandler(cancelOperation, handleCancel, {
    validator: (request) => mustFit(CancelRequest, request),
    description: 'Cancel the order before it is ready; everything is undone, the money goes back: {by: "operator"}.',
  });
  setHandler(retryStep, decide('retry'), {
    validator: mustBeRunning,
    description: 'Run the waiting step again: {operationId, step, attempt, operator, why}.',
  });
  setHandler(skipStep, decide('skip'), {
    validator: mustBeSkippable,
    description: 'Go on without the waiting step, where that is allowed: {operationId, step, attempt, operator, why}.',
  });
  setHandler(abortOperation, decide('abort'), {
    validator: mustBeRunning,
    description: 'Undo the operation: {operationId, step, attempt, operator, why}.',
  });

  async function handleCancel({ by }: CancelRequest): Promise<AcceptedOperation> {
    const known = repeated();
    if (known) return known;
    const operation = running ?? queue.find(({ kind }) => kind === 'provision');
    if (!operation) throw refusal('already_ready', `the instance is ${status}`);
    const reason: ReasonCode = by === 'customer' ? 'cancelled_by_customer' : 'cancelled_by_operator';
    const place = { instanceId: facts.instanceId, orderId: facts.orderId, operationId: operation.operationId };
    const outcome = await control().startCancelling(place, reason);
    if (outcome !== 'cancelling') throw refusal(outcome, 'somebody was faster');
    // Not before the child runs: it is the child's undo that gives everything back.
    await condition(() => running?.child !== undefined || ended.includes(status));
    running?.scope.cancel();
    return remember({ operationId: operation.operationId });
  }

  function decide(action: OperatorDecision['action']) {
    return async (request: OperatorRequest): Promise<AcceptedOperation> => {
      const known = repeated();
      if (known) return known;
      await condition(() => running?.child !== undefined);
      await tell((child) => child.signal(operatorDecided, { ...request, action }));
      return remember({ operationId: request.operationId });
    };
  }

  /** Passes news on to the running operation; one that ended in the same moment needs them no more. */
  async function tell(send: (child: ChildWorkflowHandle<typeof provision>) => Promise<void>): Promise<void> {
    const child = running?.child;
    if (!child) return;
    try {
      await send(child);
    } catch (error) {
      log.warn('the operation ended before the news reached it', { error });
    }
  }

  function mustBeRunning(request: OperatorRequest): void {
    mustFit(OperatorRequest, request);
    if (running?.operationId !== request.operationId) {
      throw refusal('step_not_waiting', `operation ${request.operationId} is not running`);
    }
  }

  function mustBeSkippable(request: OperatorRequest): void {
    mustBeRunning(request);
    if (!steps[request.step]?.skippable) throw refusal('step_not_skippable', `step ${request.step}`);
  }

  /** An Update that came before continue-as-new is answered as it was then. */
  function repeated(): AcceptedOperation | undefined {
    const updateId = currentUpdateInfo()?.id;
    const known = recentUpdates.find((update) => update.updateId === updateId);
    return known ? { operationId: known.operationId } : undefined;
  }

  function remember(accepted: AcceptedOperation): AcceptedOperation {
    const updateId = currentUpdateInfo()?.id;
    if (updateId) recentUpdates.push({ updateId, operationId: accepted.operationId });
    recentUpdates.splice(0, Math.max(0, recentUpdates.length - rememberedUpdates));
    return accepted;
  }

  function show(): void {
    setCurrentDetails(describeInstance({ facts, status, running: running ?? null, queue }));
  }

  const isLong = () =>
    workflowInfo().continueAsNewSuggested ||
    workflowInfo().historyLength >= (input.maxEvents ?? Number.POSITIVE_INFINITY);

  show();
  while (!ended.includes(status)) {
    await condition(() => queue.length > 0 || isLong());
    const next = queue.shift();
    if (!next) break;
    const result = await run(next);
    if (result !== status) {
      status = result;
      upsertSearchAttributes([{ key: instanceStatus, value: status }]);
    }
    show();
    if (isLong()) break;
  }
  await condition(allHandlersFinished);
  if (ended.includes(status)) return;
  await continueAsNew<typeof instance>({ ...input, status, queue, recentUpdates });

  /** Runs one operation as a child. A cancel of its scope reaches the child, whose undo is waited for. */
  async function run(operation: QueuedOperation): Promise<InstanceStatus> {
    const scope = new CancellationScope();
    running = { ...operation, scope };
    upsertSearchAttributes([{ key: operationKind, value: operation.kind }]);
    show();
    try {
      const child = await scope.run(() =>
        startChild(provision, {
          workflowId: operationWorkflowId(facts.instanceId, operation.operationId),
          args: [{ facts, times, operationId: operation.operationId }],
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: operationSummary({ facts, kind: operation.kind }),
          typedSearchAttributes: workflowInfo().typedSearchAttributes,
        }),
      );
      running.child = child;
      return (await child.result()).instanceStatus;
    } finally {
      running = undefined;
    }
  }
}

/** Refuses an input that no handler could read: an error inside of a handler would stop the whole workflow. */
function mustFit(schema: z.ZodType, request: unknown): void {
  const issues = schema.safeParse(request).error?.issues;
  if (!issues) return;
  throw refusal('invalid_request', issues.map(({ path, message }) => [...path, message].join(': ')).join('; '));
}
