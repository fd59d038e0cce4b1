import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** Interval between two heartbeats, ms; shorter timeouts get several within their time. */
const heartbeatMs = 3_000;
const heartbeatsPerTimeout = 5;

/** The latest details of each running activity. */
const latestDetails = new WeakMap<Context, unknown>();

/**
 * Sends a heartbeat at once with these details, and repeats them in every later one: the Temporal UI shows the
 * latest.
 */
export function heartbeat(details: unknown): void {
  const context = Context.current();
  latestDetails.set(context, details);
  context.heartbeat(details);
}

/**
 * Sends heartbeats for every activity that has a heartbeat timeout, from start to end: when its worker dies, another
 * one gets the activity within that timeout instead of the start-to-close timeout. Heartbeats come from a timer,
 * because a slow cloud call is silent for minutes.
 */
export function createHeartbeatInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      const context = Context.current();
      const { heartbeatTimeoutMs } = context.info;
      if (!heartbeatTimeoutMs) return next(input);
      const everyMs = Math.min(heartbeatMs, heartbeatTimeoutMs / heartbeatsPerTimeout);
      const timer = setInterval(() => context.heartbeat(latestDetails.get(context)), everyMs);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
