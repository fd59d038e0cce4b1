import { HandlerUnfinishedPolicy } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import { refusalOf } from '../../contracts/steps.ts';
import {
  AskedDecision,
  type DecisionAnswer,
  decisionAnswered,
  type OperatorDecision,
  operatorDecided,
  type StepContext,
} from '../../contracts/workflow-messages.ts';
import { controlActivities } from './activities.ts';

type Try = Pick<StepContext, 'step' | 'attempt'>;

/**
 * Tries of steps that wait for an operator, and the decisions about them. The entity is told of every decision whether
 * it is used: one about a try that does not wait, or about which somebody has decided already, is not.
 */
export function openDecisions({ kind, operationId }: { kind: OperationKind; operationId: string }) {
  const waiting = new Map<string, OperatorDecision | undefined>();

  setHandler(
    operatorDecided,
    async (message) => {
      const decision = AskedDecision.safeParse(message).data;
      if (decision) await answer({ id: decision.id, isUsed: take(decision) });
    },
    // Without an answer the entity learns from the end of this operation that nothing used the decision.
    { unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON },
  );

  /** Keeps the decision where its try waits for one; returns whether it does. */
  function take({ id: _id, ...decision }: AskedDecision): boolean {
    const { action, step } = decision;
    if (decision.operationId !== operationId || refusalOf(action, step)) return false;
    if (!waiting.has(keyOf(decision)) || waiting.get(keyOf(decision))) return false;
    waiting.set(keyOf(decision), decision);
    return true;
  }

  return {
    /** From here on a decision about this try counts; an earlier one is kept. */
    begin(tried: Try): void {
      waiting.set(keyOf(tried), waiting.get(keyOf(tried)));
    },
    /** From here on a decision about this try is refused. */
    end(tried: Try): void {
      waiting.delete(keyOf(tried));
    },
    isMade: (tried: Try): boolean => waiting.get(keyOf(tried)) !== undefined,
    /**
     * Waits for the decision on this try and records it; undefined when `limitMs` passed first, or `unless` came true.
     */
    async next(
      context: StepContext,
      { limitMs, unless = () => false }: { limitMs?: number; unless?: (() => boolean) | undefined } = {},
    ): Promise<OperatorDecision | undefined> {
      const decided = () => waiting.get(keyOf(context)) !== undefined || unless();
      if (limitMs === undefined) await condition(decided);
      else await condition(decided, limitMs);
      const decision = waiting.get(keyOf(context));
      if (decision) await controlActivities().noteDecision(context, decision, kind);
      return decision;
    },
  };
}

async function answer(given: DecisionAnswer): Promise<void> {
  const { parent } = workflowInfo();
  if (!parent) return;
  const entity = getExternalWorkflowHandle(parent.workflowId);
  try {
    await CancellationScope.nonCancellable(() => entity.signal(decisionAnswered, given));
  } catch (error) {
    log.warn('the entity did not hear whether a decision is used', { error });
  }
}

export type Decisions = ReturnType<typeof openDecisions>;

function keyOf({ step, attempt }: Try): string {
  return `${step}#${attempt}`;
}
