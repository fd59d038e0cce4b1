import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus, OperationKind, OperationStatus, StepStatus } from '../../contracts/states.ts';
import { refusalOf, type StepName, undoOf } from '../../contracts/steps.ts';
import {
  instanceStatusChanged,
  type OperationInput,
  OperatorDecision,
  operatorDecided,
  type StepContext,
  timelineQuery,
} from '../../contracts/workflow-messages.ts';
import { describeOperation } from '../../domain/operations/describe-operation.ts';
import { controlActivities } from './activities.ts';
import { type Cause, causeOf } from './reason-of.ts';
import { instanceStatus, needsAttention } from './search-attributes.ts';

/** A forward step: what it does, and what its deadline means when it passes. */
export interface ForwardStep {
  name: StepName;
  run(context: StepContext): Promise<void>;
  onTimeout: ReasonCode;
}

/** An undo step: repeated until it works. */
export interface UndoStep {
  name: StepName;
  run(context: StepContext): Promise<void>;
  /** After this long without success people are asked to look; the step goes on trying. */
  attentionAfterMs?: number;
  /** What people are told then, when the failure itself says it less well. */
  shownAs?: ReasonCode;
  /** After this long the operation ends without this step. */
  giveUpAfterMs?: number;
}

interface StepState {
  step: StepName;
  status: StepStatus;
  attempt: number;
  reason?: ReasonCode;
  startedAt: number;
  tookMs?: number;
}

/** Ends the operation with this cause; thrown by a step that nobody will try again. */
export class OperationEnds extends Error {
  override readonly name = 'OperationEnds';
  readonly reason: ReasonCode;

  constructor(reason: ReasonCode) {
    super(reason);
    this.reason = reason;
  }
}

/** How long an undo step that failed for good waits before it tries again: doubled each time, up to the second. */
const undoPauseMs = 10_000;
const longestUndoPauseMs = 6 * 3_600_000;

/**
 * The saga of one operation.
 *
 * `step` runs a forward step until it succeeds, or an operator skips it, or it ends the operation; a step that failed
 * for good waits as `needs_operator`: before the pivot for the operator's window, after it for ever. `undo` runs the
 * undo steps of everything that was begun, in branches that do not wait for each other, in a scope that no cancel
 * reaches; a step of it that fails for good calls people and is tried again, by them or by itself. The undo of a step
 * counts as registered before the step runs, and is a no-op where the step did nothing.
 */
export function openSaga(input: OperationInput, kind: OperationKind = 'provision') {
  const { facts, times, operationId } = input;
  const states = new Map<StepName, StepState>();
  /** Tries that wait for an operator, with what he decided; a decision about anything else is none. */
  const waiting = new Map<string, OperatorDecision | undefined>();
  let status: OperationStatus = 'running';
  let afterPivot = false;
  let attention = 0;
  let windowEndsAt: number | undefined;

  setHandler(operatorDecided, (message) => {
    const decision = OperatorDecision.safeParse(message).data;
    if (decision?.operationId !== operationId) return;
    const { action, step } = decision;
    if (!waiting.has(keyOf(decision)) || waiting.get(keyOf(decision))) return;
    if (refusalOf(action, step)) return;
    waiting.set(keyOf(decision), decision);
  });
  setHandler(timelineQuery, () => ({
    status,
    steps: [...states.values()].map(({ step, status: stepStatus, attempt, reason }) => ({
      step,
      status: stepStatus,
      attempt,
      ...(reason ? { reason } : {}),
    })),
  }));

  const place = { instanceId: facts.instanceId, orderId: facts.orderId, operationId };

  function show(): void {
    const steps = [...states.values()];
    setCurrentDetails(describeOperation({ kind, facts, operationId, status, steps, windowEndsAt }));
  }

  function enter(step: StepName, attempt: number): StepContext {
    states.set(step, { step, status: 'running', attempt, startedAt: Date.now() });
    show();
    return { ...place, step, attempt };
  }

  function leave(step: StepName, stepStatus: StepStatus, reason?: ReasonCode): void {
    const state = states.get(step);
    if (!state) return;
    states.set(step, {
      ...state,
      status: stepStatus,
      tookMs: Date.now() - state.startedAt,
      ...(reason ? { reason } : {}),
    });
    show();
  }

  function raiseAttention(): void {
    attention += 1;
    if (attention === 1) upsertSearchAttributes([{ key: needsAttention, value: true }]);
  }

  function dropAttention(): void {
    attention -= 1;
    if (attention === 0) upsertSearchAttributes([{ key: needsAttention, value: false }]);
  }

  /** Shows here and at the entity what the instance is now. */
  async function tellStatus(value: InstanceStatus): Promise<void> {
    upsertSearchAttributes([{ key: instanceStatus, value }]);
    const { parent } = workflowInfo();
    if (!parent) return;
    try {
      await getExternalWorkflowHandle(parent.workflowId).signal(instanceStatusChanged, value);
    } catch (error) {
      log.warn('the entity did not hear what its instance is', { error });
    }
  }

  /** Waits for the operator's decision on this try of this step; undefined when `limitMs` ended first. */
  async function decisionOn(context: StepContext, limitMs?: number): Promise<OperatorDecision | undefined> {
    const decided = () => waiting.get(keyOf(context)) !== undefined;
    if (limitMs === undefined) await condition(decided);
    else await condition(decided, limitMs);
    const decision = waiting.get(keyOf(context));
    if (decision) await controlActivities().noteDecision(context, decision);
    return decision;
  }

  /** Calls for an operator and waits for his decision; undefined when the window ended first. */
  async function askOperator(context: StepContext, cause: Cause): Promise<OperatorDecision | undefined> {
    status = 'needs_operator';
    windowEndsAt = afterPivot ? undefined : Date.now() + times.operatorWindowMs;
    waiting.set(keyOf(context), undefined);
    leave(context.step, 'needs_operator', cause.reason);
    raiseAttention();
    try {
      await controlActivities().noteNeedsOperator(context, cause.reason, cause.detail);
      return await decisionOn(context, afterPivot ? undefined : times.operatorWindowMs);
    } finally {
      waiting.delete(keyOf(context));
      status = 'running';
      windowEndsAt = undefined;
      // It waits no more; a retry enters it anew, a skip says so.
      leave(context.step, 'failed', cause.reason);
      dropAttention();
    }
  }

  async function step(definition: ForwardStep): Promise<void> {
    for (let attempt = input.run; ; attempt += 1) {
      const context = enter(definition.name, attempt);
      try {
        await definition.run(context);
        leave(definition.name, 'succeeded');
        return;
      } catch (error) {
        if (isCancellation(error)) {
          leave(definition.name, 'failed');
          throw error;
        }
        const cause = causeOf(error, definition.onTimeout);
        if (endsAtOnce.includes(cause.reason)) {
          leave(definition.name, 'failed', cause.reason);
          throw new OperationEnds(cause.reason);
        }
        // The step failed while it was being cancelled: nobody has to decide about it.
        if (CancellationScope.current().consideredCancelled) {
          leave(definition.name, 'failed', cause.reason);
          throw new CancelledFailure('cancelled while the step failed');
        }
        const decision = await askOperator(context, cause);
        switch (decision?.action) {
          case 'retry':
            break;
          case 'skip':
            leave(definition.name, 'skipped', cause.reason);
            return;
          case 'abort':
            throw new OperationEnds('cancelled_by_operator');
          case undefined:
            throw new OperationEnds('not_delivered');
        }
      }
    }
  }

  async function undoStep(definition: UndoStep): Promise<void> {
    const { name, giveUpAfterMs = Number.POSITIVE_INFINITY } = definition;
    const forward = (undoOf as Partial<Record<StepName, StepName>>)[name];
    // What an earlier run began is not known here.
    if (forward && !states.has(forward) && input.run === 1) return;
    const givesUpAt = Date.now() + giveUpAfterMs;
    let alarmed = false;

    async function alarm(context: StepContext, cause: Cause): Promise<void> {
      const reason = definition.shownAs ?? cause.reason;
      waiting.set(keyOf(context), waiting.get(keyOf(context)));
      leave(name, 'needs_operator', reason);
      if (!alarmed) {
        alarmed = true;
        raiseAttention();
        if (reason === 'orphan_cleanup') {
          await tellStatus(reason);
          await controlActivities().noteOperation(place, { status: 'undoing', instanceStatus: reason });
        }
      }
      await controlActivities().noteNeedsOperator(context, reason, cause.detail);
    }

    for (let attempt = input.run; ; attempt += 1) {
      const context = enter(name, attempt);
      const cause = await tryUndo(definition, context, alarm);
      if (!cause) {
        waiting.delete(keyOf(context));
        leave(name, 'succeeded');
        break;
      }
      await alarm(context, cause);
      const pause = Math.min(undoPauseMs * 2 ** (attempt - input.run), longestUndoPauseMs, givesUpAt - Date.now());
      const decision = await decisionOn(context, Math.max(1, pause));
      waiting.delete(keyOf(context));
      if (decision?.action === 'skip' || Date.now() >= givesUpAt) {
        leave(name, decision ? 'skipped' : 'failed', cause.reason);
        break;
      }
      if (!decision)
        await controlActivities().noteOperation(place, { status: 'undoing', goesOn: { step: name, attempt } });
    }
    if (alarmed) dropAttention();
  }

  /** One try of an undo step, which may last long; nothing when it worked, or why it will not. */
  async function tryUndo(
    definition: UndoStep,
    context: StepContext,
    alarm: (context: StepContext, cause: Cause) => Promise<void>,
  ): Promise<Cause | undefined> {
    let outcome: { error?: unknown } | undefined;
    const scope = new CancellationScope();
    const running = scope
      .run(() => definition.run(context))
      .then(
        () => {
          outcome = {};
        },
        (error) => {
          outcome = { error };
        },
      );
    const { attentionAfterMs } = definition;
    if (attentionAfterMs !== undefined && !(await condition(() => outcome !== undefined, attentionAfterMs))) {
      await alarm(context, { reason: 'internal', detail: `${definition.name} has not worked for a long time` });
      await condition(() => outcome !== undefined || waiting.get(keyOf(context)) !== undefined);
      // An operator need not wait for the next try.
      scope.cancel();
    }
    await running;
    return outcome && 'error' in outcome ? causeOf(outcome.error, 'internal') : undefined;
  }

  async function undo(branches: readonly (readonly UndoStep[])[]): Promise<void> {
    status = 'undoing';
    show();
    await CancellationScope.nonCancellable(async () => {
      await tellStatus('undoing');
      await Promise.all(
        branches.map(async (branch) => {
          for (const definition of branch) await undoStep(definition);
        }),
      );
    });
  }

  return {
    place,
    step,
    undo,
    /** Shows here and at the entity what the instance is while the operation runs. */
    become: tellStatus,
    /** From here on nothing undoes: the customer has what he paid for. */
    pivot(): void {
      afterPivot = true;
    },
    end(outcome: OperationStatus, instance: InstanceStatus): void {
      status = outcome;
      upsertSearchAttributes([{ key: instanceStatus, value: instance }]);
      show();
      log.info('operation ended', { operationId, status });
    },
  };
}

function keyOf({ step, attempt }: { step: StepName; attempt: number }): string {
  return `${step}#${attempt}`;
}

/** The order is ending for this reason: there is nothing for an operator to decide. */
const endsAtOnce: readonly ReasonCode[] = [
  'cancelled_by_customer',
  'cancelled_by_operator',
  'not_delivered',
  'payment_expired',
  'too_many_declines',
  'hostname_taken',
];

/** A failure whose type is the reason code, for callers outside of the workflow. */
export function refusal(reason: ReasonCode, detail: string): ApplicationFailure {
  return ApplicationFailure.create({ type: reason, message: detail, nonRetryable: true });
}
