import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { OperationStatus, StepStatus } from '../../contracts/states.ts';
import { type StepName, steps as stepTexts, undoOf } from '../../contracts/steps.ts';
import {
  type OperationInput,
  type OperatorDecision,
  operatorDecided,
  type StepContext,
  timelineQuery,
} from '../../contracts/workflow-messages.ts';
import { describeOperation } from '../../domain/describe-operation.ts';
import { control } from './activities.ts';
import { type Cause, causeOf } from './reason-of.ts';
import { needsAttention } from './search-attributes.ts';

/** A forward step: what it does, and what its deadline means when it passes. */
export interface ForwardStep {
  name: StepName;
  run(context: StepContext): Promise<void>;
  onTimeout: ReasonCode;
  /** Reasons that end the operation at once, because no operator could answer them better than the undo. */
  endsWith?: readonly ReasonCode[];
}

/** An undo step: repeated until it works. */
export interface UndoStep {
  name: StepName;
  run(context: StepContext): Promise<void>;
  /** After this long without success people are asked to look; the step goes on trying. */
  attentionAfterMs?: number;
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

/**
 * The saga of one operation.
 *
 * `step` runs a forward step until it succeeds, or an operator skips it, or it ends the operation; a step that failed
 * for good waits as `needs_operator`: before the pivot for the operator's window, after it for ever. `undo` runs the
 * undo steps of everything that was begun, in branches that do not wait for each other, in a scope that no cancel
 * reaches. The undo of a step counts as registered before the step runs, and is a no-op where the step did nothing.
 */
export function openSaga(input: OperationInput) {
  const { facts, times, operationId } = input;
  const states = new Map<StepName, StepState>();
  const decisions: OperatorDecision[] = [];
  let status: OperationStatus = 'running';
  let afterPivot = false;
  let attention = 0;
  let windowEndsAt: number | undefined;

  setHandler(operatorDecided, (decision) => {
    decisions.push(decision);
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
    setCurrentDetails(describeOperation({ facts, operationId, status, steps: [...states.values()], windowEndsAt }));
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

  /** Waits for the operator's decision on this try of this step; undefined when the window ended first. */
  async function askOperator(context: StepContext, cause: Cause): Promise<OperatorDecision | undefined> {
    status = 'needs_operator';
    windowEndsAt = afterPivot ? undefined : Date.now() + times.operatorWindowMs;
    leave(context.step, 'needs_operator', cause.reason);
    raiseAttention();
    await control().noteNeedsOperator(context, cause.reason, cause.detail);
    try {
      for (;;) {
        const decided = () =>
          decisions.findIndex(({ step, attempt }) => step === context.step && attempt === context.attempt);
        const inTime = afterPivot
          ? await condition(() => decided() >= 0).then(() => true)
          : await condition(() => decided() >= 0, times.operatorWindowMs);
        if (!inTime) return undefined;
        const [decision] = decisions.splice(decided(), 1);
        if (!decision) continue;
        if (decision.action === 'skip' && !stepTexts[context.step].skippable) continue;
        if (decision.action === 'abort' && afterPivot) continue;
        await control().noteDecision(context, decision);
        return decision;
      }
    } finally {
      status = 'running';
      windowEndsAt = undefined;
      // It waits no more; a retry enters it anew, a skip says so.
      leave(context.step, 'failed', cause.reason);
      dropAttention();
    }
  }

  async function step(definition: ForwardStep): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
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
        if (endsAtOnce(definition, cause.reason)) {
          leave(definition.name, 'failed', cause.reason);
          throw new OperationEnds(cause.reason);
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
    const forward = (undoOf as Partial<Record<StepName, StepName>>)[definition.name];
    if (forward && !states.has(forward)) return;
    const context = enter(definition.name, 1);
    let done = false;
    const running = definition.run(context).finally(() => {
      done = true;
    });
    if (definition.attentionAfterMs !== undefined) {
      const quick = await Promise.race([running.then(() => true), condition(() => done, definition.attentionAfterMs)]);
      if (!quick) {
        leave(definition.name, 'needs_operator', 'orphan_cleanup');
        raiseAttention();
        await control().noteNeedsOperator(context, 'orphan_cleanup', `${definition.name} keeps failing`);
        await control().noteOperation(place, { status: 'undoing', instanceStatus: 'orphan_cleanup' });
        await running;
        dropAttention();
      }
    }
    await running;
    leave(definition.name, 'succeeded');
  }

  async function undo(branches: readonly (readonly UndoStep[])[]): Promise<void> {
    status = 'undoing';
    show();
    await CancellationScope.nonCancellable(() =>
      Promise.all(
        branches.map(async (branch) => {
          for (const definition of branch) await undoStep(definition);
        }),
      ),
    );
  }

  return {
    place,
    step,
    undo,
    /** From here on nothing undoes: the customer has what he paid for. */
    pivot(): void {
      afterPivot = true;
    },
    end(outcome: OperationStatus): void {
      status = outcome;
      show();
      log.info('operation ended', { operationId, status });
    },
  };
}

export type Saga = ReturnType<typeof openSaga>;

function endsAtOnce(definition: ForwardStep, reason: ReasonCode): boolean {
  return always.includes(reason) || (definition.endsWith ?? []).includes(reason);
}

/** Somebody ended the order while the step ran: there is nothing for an operator to decide. */
const always: readonly ReasonCode[] = ['cancelled_by_customer', 'cancelled_by_operator', 'not_delivered'];

/** A failure whose type is the reason code, for callers outside of the workflow. */
export function refusal(reason: ReasonCode, detail: string): ApplicationFailure {
  return ApplicationFailure.create({ type: reason, message: detail, nonRetryable: true });
}
