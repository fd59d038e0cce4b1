import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** Between two beats, ms; of a shorter timeout there are always some. */
const heartbeatMs = 3_000;
const heartbeatsPerTimeout = 5;

/** What each running activity said last. */
const said = new WeakMap<Context, unknown>();

/** Beats at once with these details, and again with every later beat: the Temporal UI shows them until others come. */
export function heartbeat(details: unknown): void {
  const context = Context.current();
  said.set(context, details);
  context.heartbeat(details);
}

/**
 * Beats for every activity that has a heartbeat timeout, from its start to its end: when its worker dies, the silence
 * gives it to another one within that timeout and not only when its time is over. Beats come from a timer, because a
 * slow cloud call is silent for minutes.
 */
export function createHeartbeatInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      const context = Context.current();
      const { heartbeatTimeoutMs } = context.info;
      if (!heartbeatTimeoutMs) return next(input);
      const everyMs = Math.min(heartbeatMs, heartbeatTimeoutMs / heartbeatsPerTimeout);
      const timer = setInterval(() => context.heartbeat(said.get(context)), everyMs);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
