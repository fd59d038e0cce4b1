import type { EventBody } from '../../contracts/events.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import { type StepStatus, stepHasEnded } from '../../contracts/states.ts';
import { isUndoStep } from '../../contracts/steps.ts';
import type { OperationRef, StepContext } from '../../contracts/workflow-messages.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';

export interface StepNote {
  status: StepStatus;
  reason?: ReasonCode;
  detail?: string;
  progress?: number;
  tookMs?: number;
}

/**
 * Records the events of a step in two places: the timeline (full history, streamed) and the operation's row (the
 * latest state of each step).
 */
export function createJournal(store: Pick<Store, 'timeline' | 'operations' | 'incidents'>) {
  /** When a try of a step began, as far as this process knows it, and the promise of its last write. */
  const tries = new Map<string, { startedAt: Date | undefined; written: Promise<void> }>();

  function refOf({ instanceId, operationId, orderId }: StepContext): OperationRef {
    return { instanceId, operationId, ...(orderId ? { orderId } : {}) };
  }

  /** The state of this try in the operation's row. */
  async function rowOf(context: StepContext) {
    const operation = await store.operations.find(context.operationId);
    return operation?.steps.find(({ step, attempt }) => step === context.step && attempt === context.attempt);
  }

  /** A try that began in another process keeps that start time. */
  async function beginning(context: StepContext, note: StepNote): Promise<Date> {
    if (note.status === 'running' && note.progress === undefined) return nowDate();
    return (await rowOf(context))?.startedAt ?? nowDate();
  }

  /** Returns whether the event was new. */
  async function write(context: StepContext, note: StepNote, startedAt: Date): Promise<boolean> {
    const ended = stepHasEnded(note.status);
    // The clocks of two workers differ, and one may have been set back meanwhile.
    const tookMs = ended ? Math.max(0, now() - startedAt.getTime()) : undefined;
    const detail = note.detail?.slice(0, 500);
    const isNew = await store.operations.setStep(context.operationId, {
      step: context.step,
      status: note.status,
      attempt: context.attempt,
      startedAt,
      ...(ended ? { endedAt: nowDate() } : {}),
      ...(note.reason ? { reason: note.reason } : {}),
      ...(detail ? { detail } : {}),
      ...(note.progress === undefined ? {} : { progress: note.progress }),
    });
    const event = {
      type: 'step' as const,
      step: context.step,
      attempt: context.attempt,
      status: note.status,
      ...(tookMs === undefined ? {} : { tookMs }),
      ...(note.reason ? { reason: note.reason } : {}),
      ...(detail ? { detail } : {}),
      ...(note.progress === undefined ? {} : { progress: note.progress }),
    };
    if (isNew) await store.timeline.append(refOf(context), event);
    // The worker that wrote this end may have died before it wrote the event.
    else if (ended && (await rowOf(context))?.status === note.status) {
      await store.timeline.appendOnce(refOf(context), event);
    }
    // It may have worked while an operator was being asked about it.
    if (note.status === 'succeeded' && isUndoStep(context.step)) {
      await store.incidents.closeOf(context.operationId, context.step);
    }
    return isNew;
  }

  return {
    /**
     * Records the state of a try, each one once: payment signals repeat, each restarts the step's check, and a check
     * that finds the recorded state adds nothing.
     */
    async note(context: StepContext, note: StepNote): Promise<void> {
      const key = `${context.operationId}:${context.step}:${context.attempt}`;
      const known = tries.get(key) ?? { startedAt: undefined, written: Promise.resolve() };
      known.written = known.written
        .catch(() => undefined)
        .then(async () => {
          const startedAt = known.startedAt ?? (await beginning(context, note));
          // An event that was recorded before may have begun earlier in another process.
          known.startedAt = (await write(context, note, startedAt)) ? startedAt : undefined;
        });
      if (tries.size > 10_000) tries.clear();
      tries.set(key, known);
      await known.written;
    },
    async append(context: StepContext, body: EventBody): Promise<void> {
      await store.timeline.append(refOf(context), body);
    },
  };
}

export type Journal = ReturnType<typeof createJournal>;
