import { activityInfo, heartbeat } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** Between two beats, ms; of a shorter timeout there are always some. */
const beatMs = 2_000;
const beatsPerTimeout = 5;

/**
 * Beats for every activity that has a heartbeat timeout, from its start to its end: when its worker dies, the silence
 * gives it to another one within that timeout and not only when its time is over.
 */
export function createBeatInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      const { heartbeatTimeoutMs } = activityInfo();
      if (!heartbeatTimeoutMs) return next(input);
      const beat = setInterval(() => heartbeat(), Math.min(beatMs, heartbeatTimeoutMs / beatsPerTimeout));
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  };
}
