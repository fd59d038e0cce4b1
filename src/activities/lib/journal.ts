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
  /** When a try of a step was first seen by this process, and the end of what is told of it. */
  const tries = new Map<string, { startedAt: Date; told: Promise<void> }>();

  function place(context: StepContext) {
    return { instanceId: context.instanceId, orderId: context.orderId, operationId: context.operationId };
  }

  async function tell(context: StepContext, note: StepNote, startedAt: Date): Promise<void> {
    const ended = note.status === 'succeeded' || note.status === 'failed' || note.status === 'skipped';
    const tookMs = ended ? now() - startedAt.getTime() : undefined;
    const detail = note.detail?.slice(0, 500);
    const isNews = await store.operations.setStep(context.operationId, {
      step: context.step,
      status: note.status,
      attempt: context.attempt,
      startedAt,
      ...(ended ? { endedAt: today() } : {}),
      ...(note.reason ? { reason: note.reason } : {}),
      ...(detail ? { detail } : {}),
    });
    if (!isNews) return;
    await store.timeline.append(place(context), {
      type: 'step',
      step: context.step,
      attempt: context.attempt,
      status: note.status,
      ...(tookMs === undefined ? {} : { tookMs }),
      ...(note.reason ? { reason: note.reason } : {}),
      ...(detail ? { detail } : {}),
      ...(note.progress === undefined ? {} : { progress: note.progress }),
    });
  }

  return {
    /**
     * Tells what became of a try of a step. What has succeeded is told once, and is not told to run again by another
     * look that overlaps: payment news comes more than once, and each makes the step look anew.
     */
    async note(context: StepContext, note: StepNote): Promise<void> {
      const key = `${context.operationId}:${context.step}:${context.attempt}`;
      const { startedAt, told } = tries.get(key) ?? { startedAt: today(), told: Promise.resolve() };
      const telling = told.catch(() => undefined).then(() => tell(context, note, startedAt));
      if (tries.size > 10_000) tries.clear();
      tries.set(key, { startedAt, told: telling });
      await telling;
    },
    async append(context: StepContext, body: EventBody): Promise<void> {
      await store.timeline.append(place(context), body);
    },
  };
}

export type Journal = ReturnType<typeof createJournal>;
