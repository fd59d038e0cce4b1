import { setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { OperationStatus, StepStatus } from '../../contracts/states.ts';
import type { StepName } from '../../contracts/steps.ts';
import { type OperationInput, timelineQuery } from '../../contracts/workflow-messages.ts';
import { describeOperation } from '../../domain/operations/describe-operation.ts';
import { needsAttention } from './search-attributes.ts';

interface StepState {
  step: StepName;
  status: StepStatus;
  attempt: number;
  reason?: ReasonCode;
  detail?: string;
  startedAt: number;
  tookMs?: number;
}

/**
 * The state of an operation and each of its steps, shown in the details of its workflow, by its query, and as the
 * search attribute NeedsAttention, which is set while any of its steps needs people.
 */
export function openStepBoard({ kind, input }: { kind: OperationKind; input: OperationInput }) {
  const { facts, operationId } = input;
  const states = new Map<StepName, StepState>();
  let status: OperationStatus = 'running';
  let windowEndsAt: number | undefined;
  let attention = 0;

  setHandler(timelineQuery, () => ({
    status,
    steps: [...states.values()].map(({ step, status: stepStatus, attempt, reason }) => ({
      step,
      status: stepStatus,
      attempt,
      ...(reason ? { reason } : {}),
    })),
  }));

  function show(): void {
    const steps = [...states.values()];
    setCurrentDetails(describeOperation({ kind, facts, operationId, status, steps, windowEndsAt }));
  }

  return {
    /** Whether a step was begun in this run. */
    hasBegun: (step: StepName): boolean => states.has(step),
    setStatus(value: OperationStatus): void {
      status = value;
      show();
    },
    /** The operation waits for an operator, until the window ends where it has an end (ms since the epoch). */
    await(endsAt: number | undefined): void {
      status = 'needs_operator';
      windowEndsAt = endsAt;
    },
    goOn(): void {
      status = 'running';
      windowEndsAt = undefined;
    },
    enter(step: StepName, attempt: number): void {
      states.set(step, { step, status: 'running', attempt, startedAt: Date.now() });
      show();
    },
    leave(step: StepName, stepStatus: StepStatus, reason?: ReasonCode): void {
      const state = states.get(step);
      if (!state) return;
      const tookMs = Date.now() - state.startedAt;
      const { detail: _ofAnotherStatus, ...known } = state;
      states.set(step, { ...known, status: stepStatus, tookMs, ...(reason ? { reason } : {}) });
      show();
    },
    /** The detail of a step that waits for an operator. */
    explain(step: StepName, detail: string): void {
      const state = states.get(step);
      if (state?.status === 'needs_operator') states.set(step, { ...state, detail });
      show();
    },
    setAttention(): void {
      attention += 1;
      if (attention === 1) upsertSearchAttributes([{ key: needsAttention, value: true }]);
    },
    clearAttention(): void {
      attention -= 1;
      if (attention === 0) upsertSearchAttributes([{ key: needsAttention, value: false }]);
    },
  };
}

export type StepBoard = ReturnType<typeof openStepBoard>;
