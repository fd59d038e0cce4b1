import { CancellationScope, condition } from '@temporalio/workflow';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { StepName } from '../../contracts/steps.ts';
import type { OperationRef, StepContext } from '../../contracts/workflow-messages.ts';
import { controlActivities } from './activities.ts';
import type { Decisions } from './operator-decisions.ts';
import { type Cause, causeOf } from './reason-of.ts';
import type { StepBoard } from './step-board.ts';

/** An undo step; retried until it works. */
export interface Undo {
  run(context: StepContext): Promise<void>;
  /** Whether news came that the step has not looked at; one that has failed runs again by itself then. */
  hasNews?(): boolean;
  /** NeedsAttention is set after this long without success; the step is still retried. */
  attentionAfterMs?: number;
  /** The reason shown then, where the failure itself explains less. */
  shownAs?: ReasonCode;
  /** Runs once, when NeedsAttention is set for the first time. */
  onAttention?(): Promise<void>;
  /** After this long the operation ends without this step. */
  giveUpAfterMs?: number;
}

/** Delay after an undo step failed permanently: doubled each time, up to the second. */
const undoPauseMs = 10_000;
const longestUndoPauseMs = 6 * 3_600_000;

interface UndoFacts {
  kind: OperationKind;
  ref: OperationRef;
  /** Number of the first attempt in this run of the operation. */
  firstAttempt: number;
  board: StepBoard;
  decisions: Decisions;
}

/**
 * Runs an undo step until it works, an operator skips it, or it is given up. A failed try sets NeedsAttention and is
 * retried with backoff, or at once when an operator asks.
 */
export async function runUndoStep(name: StepName, undo: Undo, facts: UndoFacts): Promise<void> {
  const { kind, ref, firstAttempt, board, decisions } = facts;
  const { giveUpAfterMs = Number.POSITIVE_INFINITY } = undo;
  const givesUpAt = Date.now() + giveUpAfterMs;
  let alarmed = false;

  async function alarm(context: StepContext, cause: Cause): Promise<void> {
    const reason = undo.shownAs ?? cause.reason;
    decisions.begin(context);
    board.leave(name, 'needs_operator', reason);
    if (!alarmed) {
      alarmed = true;
      board.setAttention();
      await undo.onAttention?.();
    }
    board.explain(name, await controlActivities().noteNeedsOperator(context, reason, cause.detail));
  }

  for (let attempt = firstAttempt; ; attempt += 1) {
    board.enter(name, attempt);
    const context = { ...ref, step: name, attempt };
    const cause = await tryUndo(undo, context, { decisions, alarm });
    if (!cause) {
      // It may have worked in the moment in which somebody decided about it.
      if (decisions.isMade(context)) await decisions.next(context);
      decisions.end(context);
      board.leave(name, 'succeeded');
      break;
    }
    await alarm(context, cause);
    const pause = Math.min(undoPauseMs * 2 ** (attempt - firstAttempt), longestUndoPauseMs, givesUpAt - Date.now());
    const decision = await decisions.next(context, { limitMs: Math.max(1, pause), unless: undo.hasNews });
    decisions.end(context);
    if (decision?.action === 'skip' || Date.now() >= givesUpAt) {
      board.leave(name, decision ? 'skipped' : 'failed', cause.reason);
      break;
    }
    if (!decision) {
      await controlActivities().noteOperation(ref, { kind, status: 'undoing', goesOn: { step: name, attempt } });
    }
  }
  if (alarmed) board.clearAttention();
}

/** One try of an undo step, which may take long; undefined when it worked, else why it failed. */
async function tryUndo(
  undo: Undo,
  context: StepContext,
  { decisions, alarm }: { decisions: Decisions; alarm(context: StepContext, cause: Cause): Promise<void> },
): Promise<Cause | undefined> {
  let outcome: { error?: unknown } | undefined;
  const scope = new CancellationScope();
  const running = scope
    .run(() => undo.run(context))
    .then(
      () => {
        outcome = {};
      },
      (error) => {
        outcome = { error };
      },
    );
  const { attentionAfterMs } = undo;
  if (attentionAfterMs !== undefined && !(await condition(() => outcome !== undefined, attentionAfterMs))) {
    await alarm(context, { reason: 'internal', detail: `${context.step} has not worked for a long time` });
    await condition(() => outcome !== undefined || decisions.isMade(context));
    // An operator's retry does not wait for the next try.
    scope.cancel();
  }
  await running;
  return outcome && 'error' in outcome ? causeOf(outcome.error, 'internal') : undefined;
}
