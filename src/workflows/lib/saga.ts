import {
  CancellationScope,
  CancelledFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OperationDeclaration, StepDeclaration } from '../../contracts/operations/operation.ts';
import type { OperationKind, OperationTimes } from '../../contracts/operations/registry.ts';
import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import type { InstanceStatus, OperationStatus } from '../../contracts/states.ts';
import type { StepName } from '../../contracts/steps.ts';
import {
  instanceStatusChanged,
  type OperationInput,
  type OperationRef,
  type OperatorDecision,
  type StepContext,
} from '../../contracts/workflow-messages.ts';
import { isCancel } from '../../domain/billing/order-rules.ts';
import { consoleActivities, controlActivities, latestAttempts, loadTimes, type Within } from './activities.ts';
import { openDecisions } from './operator-decisions.ts';
import { type Cause, causeOf } from './reason-of.ts';
import { instanceStatus } from './search-attributes.ts';
import { openStepBoard } from './step-board.ts';
import { runUndoStep, type Undo } from './undo.ts';

type Declared = OperationDeclaration & { readonly kind: OperationKind };

/** How a forward step runs, and its undo where its declaration has one. */
type StepOf<Step> = Step extends { readonly name: infer Name }
  ? {
      name: Name;
      run(context: StepContext, within: Within): Promise<void>;
      /**
       * Whether news came that the step has not looked at. One that waits for an operator runs again by itself then,
       * and once more before it is given up.
       */
      hasNews?(): boolean;
    } & (Step extends { readonly undo: string } ? { undo: Undo['run'] | Undo } : { undo?: undefined })
  : never;

/** All steps, in the order of the declaration. */
type StepsOf<Steps extends readonly unknown[]> = { readonly [At in keyof Steps]: StepOf<Steps[At]> };

type UndoNameOf<Declaration extends Declared> = Declaration['undo'][number][number]['name'] & StepName;

interface AnyStep {
  name: string;
  run(context: StepContext, within: Within): Promise<void>;
  hasNews?(): boolean;
  undo?: Undo['run'] | Undo | undefined;
}

/** Pause before a step whose reason alarms runs again by itself: doubled each time, up to the second. */
const firstPauseMs = 60_000;
const longestPauseMs = 30 * 60_000;

/** Waits of one step for an operator, one after the other, until a decision begins a new window. */
interface Waits {
  /** End of the operator window (ms); undefined where there is none. */
  until: number | undefined;
  /** How often the step ran again by itself. */
  tries: number;
  /** The window has passed: this try was the last one. */
  isLast: boolean;
}

/**
 * Ends the operation; thrown by a step that is not retried any more: an operator aborted it, the operator window
 * passed, or the failure leaves nothing to decide.
 */
export class OperationEnds extends Error {
  override readonly name = 'OperationEnds';
  readonly why: 'aborted' | 'window_ended' | ReasonCode;

  constructor(why: OperationEnds['why']) {
    super(why);
    this.why = why;
  }
}

/**
 * The saga of one operation, by its declaration.
 *
 * `step` runs a forward step until it succeeds, or an operator skips it, or it ends the operation with
 * `OperationEnds` or a cancellation. A step that failed permanently waits as `needs_operator`: before the pivot for
 * the operator window; after it, and where the operation has no undo, for as long as it takes. Meanwhile it runs again
 * by itself when it has news, or after a pause where its reason alarms. From the pivot on no cancel reaches a step.
 *
 * `undo` runs the undo steps of everything that was begun, in concurrent branches, in a scope that no cancel reaches.
 * The undo of a step counts as registered before the step runs, and is a no-op where it did nothing.
 */
export async function openSaga<const Declaration extends Declared>(
  declaration: Declaration,
  input: OperationInput,
  {
    endsWith = [],
  }: {
    /** Failures that leave an operator nothing to decide: before the pivot they end the operation. */
    endsWith?: readonly ReasonCode[];
  } = {},
) {
  const { kind, pivot } = declaration;
  const { facts, operationId } = input;
  const ref: OperationRef = {
    instanceId: facts.instanceId,
    operationId,
    ...(declaration.order ? { orderId: facts.orderId } : {}),
  };
  const board = openStepBoard({ kind, input });
  const decisions = openDecisions({ kind, operationId });
  const undos = new Map<string, Undo>();
  let isDelivered = pivot === null;
  const times = await loadTimes();
  const earlier = await latestAttempts(input);

  function declared(name: string): StepDeclaration {
    const step = declaration.steps.find((each) => each.name === name);
    if (!step) throw new Error(`${kind} has no step ${name}`);
    return step;
  }

  /** The number of a step's first attempt in this run: attempts of all runs of an operation are counted on. */
  function firstAttempt(step: StepName): number {
    return (earlier[step] ?? 0) + 1;
  }

  function windowMs(): number | undefined {
    const variable = isDelivered ? undefined : declaration.operatorWindow?.variable;
    return variable === undefined ? undefined : times[variable as keyof OperationTimes];
  }

  /** The deadline of a forward step including all retries. */
  function deadlineOf(name: Declaration['steps'][number]['name']): Within {
    const variable = declared(name).deadline?.variable as keyof OperationTimes | undefined;
    return variable === undefined ? {} : { deadlineMs: times[variable] };
  }

  /** Sets the instance's status here and at the entity. */
  async function setInstanceStatus(value: InstanceStatus): Promise<void> {
    upsertSearchAttributes([{ key: instanceStatus, value }]);
    const { parent } = workflowInfo();
    if (!parent) return;
    try {
      await getExternalWorkflowHandle(parent.workflowId).signal(instanceStatusChanged, value);
    } catch (error) {
      log.warn('the entity did not hear what its instance is', { error });
    }
  }

  function openWaits(): Waits {
    const limitMs = windowMs();
    return { until: limitMs === undefined ? undefined : Date.now() + limitMs, tries: 0, isLast: false };
  }

  /** Waits for an operator's decision; undefined when the window, the pause or the news came first. */
  async function askOperator(
    context: StepContext,
    { cause, waits, hasNews }: { cause: Cause; waits: Waits; hasNews: (() => boolean) | undefined },
  ): Promise<OperatorDecision | undefined> {
    const { until, tries } = waits;
    const pauseMs = reasons[cause.reason].alarms
      ? Math.min(firstPauseMs * 2 ** tries, longestPauseMs)
      : Number.POSITIVE_INFINITY;
    const leftMs = until === undefined ? Number.POSITIVE_INFINITY : Math.max(1, until - Date.now());
    const limitMs = Math.min(pauseMs, leftMs);
    board.await(until);
    decisions.begin(context);
    board.leave(context.step, 'needs_operator', cause.reason);
    board.setAttention();
    try {
      board.explain(context.step, await controlActivities().noteNeedsOperator(context, cause.reason, cause.detail));
      if (context.step === 'await-healthy') readConsole();
      return await decisions.next(context, { ...(Number.isFinite(limitMs) ? { limitMs } : {}), unless: hasNews });
    } finally {
      decisions.end(context);
      board.goOn();
      // It waits no more; a retry enters it again, a skip reports itself.
      board.leave(context.step, 'failed', cause.reason);
      board.clearAttention();
    }
  }

  /** Records the machines' consoles for operators, beside their decision; without them the step waits as well. */
  function readConsole(): void {
    consoleActivities(facts.cloud)
      .readConsole(ref)
      .catch((error: unknown) => log.warn('the consoles were not read', { error }));
  }

  function register({ name, undo }: AnyStep): void {
    const { undo: undoName } = declared(name);
    if (undoName && undo) undos.set(undoName, typeof undo === 'function' ? { run: undo } : undo);
  }

  async function untilDone(step: AnyStep): Promise<void> {
    const name = step.name as StepName;
    const { onTimeout } = declared(name);
    let waits: Waits | undefined;
    for (let attempt = firstAttempt(name); ; attempt += 1) {
      board.enter(name, attempt);
      const context = { ...ref, step: name, attempt };
      const begunAt = Date.now();
      try {
        await step.run(context, deadlineOf(name));
        board.leave(name, 'succeeded');
        return;
      } catch (error) {
        if (isCancellation(error)) {
          board.leave(name, 'stopped');
          throw error;
        }
        const cause = causeOf(error, onTimeout);
        if (!isDelivered && endsWith.includes(cause.reason)) {
          board.leave(name, isCancel(cause.reason) ? 'stopped' : 'failed', cause.reason);
          throw new OperationEnds(cause.reason);
        }
        // The step failed while it was being cancelled: there is nothing to decide.
        if (CancellationScope.current().consideredCancelled) {
          board.leave(name, 'failed', cause.reason);
          throw new CancelledFailure('cancelled while the step failed');
        }
        // A step that ran for long worked again meanwhile.
        if (Date.now() - begunAt > longestPauseMs) waits = undefined;
        waits ??= openWaits();
        const { hasNews } = step;
        const looksAgain = hasNews !== undefined || reasons[cause.reason].alarms;
        if (waits.isLast) throw new OperationEnds('window_ended');
        const decision = await askOperator(context, { cause, waits, hasNews });
        switch (decision?.action) {
          case 'retry':
            waits = undefined;
            break;
          case 'skip':
            board.leave(name, 'skipped', cause.reason);
            return;
          case 'abort':
            throw new OperationEnds('aborted');
          case undefined:
            if (!looksAgain) throw new OperationEnds('window_ended');
            waits.tries += 1;
            waits.isLast = waits.until !== undefined && Date.now() >= waits.until;
        }
      }
    }
  }

  async function runStep(step: AnyStep): Promise<void> {
    const isUncancellable = pivot !== null && (isDelivered || step.name === pivot);
    if (isUncancellable) await CancellationScope.nonCancellable(() => untilDone(step));
    else await untilDone(step);
    if (step.name === pivot) isDelivered = true;
  }

  /**
   * Whether an undo step is needed: its step was begun, or this is a later run, which does not know what an earlier
   * one began.
   */
  function isToUndo(undoName: string): boolean {
    const forward = declaration.steps.find(({ undo }) => undo === undoName);
    return !forward || input.run > 1 || board.hasBegun(forward.name as StepName);
  }

  return {
    ref,
    times,
    deadlineOf,
    firstAttempt,
    setInstanceStatus,
    async step(step: StepOf<Declaration['steps'][number]>): Promise<void> {
      register(step as AnyStep);
      await runStep(step as AnyStep);
    },
    /** Runs all steps of the declaration; the undo of each is registered before the first one begins. */
    async steps(steps: StepsOf<Declaration['steps']>): Promise<void> {
      const all = steps as unknown as readonly AnyStep[];
      for (const step of all) register(step);
      for (const step of all) await runStep(step);
    },
    /** `closing`: undo steps without a forward step, which always run. */
    async undo(closing: Partial<Record<UndoNameOf<Declaration>, Undo>> = {}): Promise<void> {
      board.setStatus('undoing');
      for (const [name, undo] of Object.entries<Undo | undefined>(closing)) if (undo) undos.set(name, undo);
      const facts = { kind, ref, board, decisions };
      await CancellationScope.nonCancellable(async () => {
        await Promise.all(
          declaration.undo.map(async (branch) => {
            for (const { name } of branch) {
              const undo = undos.get(name);
              if (undo && isToUndo(name)) {
                const step = name as StepName;
                await runUndoStep(step, undo, { ...facts, firstAttempt: firstAttempt(step) });
              }
            }
          }),
        );
      });
    },
    /** Records the status of the operation and, where it changed, of its instance. */
    async note(change: {
      status: OperationStatus;
      reason?: ReasonCode;
      instanceStatus?: InstanceStatus;
    }): Promise<void> {
      await controlActivities().noteOperation(ref, { kind, ...change });
    },
    end(outcome: OperationStatus, instance: InstanceStatus): void {
      upsertSearchAttributes([{ key: instanceStatus, value: instance }]);
      board.setStatus(outcome);
      log.info('operation ended', { operationId, status: outcome });
    },
  };
}
