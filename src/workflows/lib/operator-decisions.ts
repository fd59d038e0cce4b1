import { condition, setHandler } from '@temporalio/workflow';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import { refusalOf } from '../../contracts/steps.ts';
import { OperatorDecision, operatorDecided, type StepContext } from '../../contracts/workflow-messages.ts';
import { controlActivities } from './activities.ts';

type Try = Pick<StepContext, 'step' | 'attempt'>;

/**
 * Tries of steps that wait for an operator, and the decisions about them; a decision about any other try is ignored.
 */
export function openDecisions({ kind, operationId }: { kind: OperationKind; operationId: string }) {
  const waiting = new Map<string, OperatorDecision | undefined>();

  setHandler(operatorDecided, (message) => {
    const decision = OperatorDecision.safeParse(message).data;
    if (decision?.operationId !== operationId) return;
    const { action, step } = decision;
    if (!waiting.has(keyOf(decision)) || waiting.get(keyOf(decision))) return;
    if (refusalOf(action, step)) return;
    waiting.set(keyOf(decision), decision);
  });

  return {
    /** From here on a decision about this try counts; an earlier one is kept. */
    begin(tried: Try): void {
      waiting.set(keyOf(tried), waiting.get(keyOf(tried)));
    },
    end(tried: Try): void {
      waiting.delete(keyOf(tried));
    },
    isMade: (tried: Try): boolean => waiting.get(keyOf(tried)) !== undefined,
    /**
     * Waits for the decision on this try and records it; undefined when `limitMs` passed first, or `unless` came true.
     */
    async next(
      context: StepContext,
      { limitMs, unless = () => false }: { limitMs?: number; unless?: (() => boolean) | undefined },
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

export type Decisions = ReturnType<typeof openDecisions>;

function keyOf({ step, attempt }: Try): string {
  return `${step}#${attempt}`;
}
