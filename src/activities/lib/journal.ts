import { now, today } from '../../contracts/clock.ts';
import type { EventBody } from '../../contracts/events.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { StepStatus } from '../../contracts/states.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import type { Store } from '../../store/store.ts';

export interface StepNote {
  status: StepStatus;
  reason?: ReasonCode;
  detail?: string;
  progress?: number;
  tookMs?: number;
}

/**
 * Writes what happens to a step into the two places where people look: the timeline (the whole story, streamed) and
 * the operation's row (the newest state of each step).
 */
export function createJournal(store: Pick<Store, 'timeline' | 'operations'>) {
  /** When a try of a step was first seen running by this process, and what was told of it last. */
  const tries = new Map<string, { startedAt: Date; told?: StepNote['status'] }>();

  function place(context: StepContext) {
    return { instanceId: context.instanceId, orderId: context.orderId, operationId: context.operationId };
  }

  return {
    async note(context: StepContext, note: StepNote): Promise<void> {
      const key = `${context.operationId}:${context.step}:${context.attempt}`;
      const { startedAt, told } = tries.get(key) ?? { startedAt: today() };
      // Payment news comes more than once and each makes the step look again: one success is told once.
      if (told === 'succeeded' && (note.status === 'succeeded' || note.status === 'running')) return;
      if (tries.size > 10_000) tries.clear();
      tries.set(key, { startedAt, told: note.status });
      const ended = note.status === 'succeeded' || note.status === 'failed' || note.status === 'skipped';
      const tookMs = ended ? now() - startedAt.getTime() : undefined;
      const detail = note.detail?.slice(0, 500);
      const body: EventBody = {
        type: 'step',
        step: context.step,
        attempt: context.attempt,
        status: note.status,
        ...(tookMs === undefined ? {} : { tookMs }),
        ...(note.reason ? { reason: note.reason } : {}),
        ...(detail ? { detail } : {}),
        ...(note.progress === undefined ? {} : { progress: note.progress }),
      };
      await Promise.all([
        store.timeline.append(place(context), body),
        store.operations.setStep(context.operationId, {
          step: context.step,
          status: note.status,
          attempt: context.attempt,
          startedAt,
          ...(ended ? { endedAt: today() } : {}),
          ...(note.reason ? { reason: note.reason } : {}),
          ...(detail ? { detail } : {}),
        }),
      ]);
    },
    async append(context: StepContext, body: EventBody): Promise<void> {
      await store.timeline.append(place(context), body);
    },
  };
}

export type Journal = ReturnType<typeof createJournal>;
