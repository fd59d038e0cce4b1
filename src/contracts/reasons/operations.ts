import { type Reasons, reason } from './reason.ts';

/** Orders and operations: refusals because of their state, and how they ended. */
export const operationReasons = {
  operation_running: reason('request', 409),
  already_ready: reason('request', 409),
  already_ended: reason('request', 409),
  already_closed: reason('request', 409),
  step_not_waiting: reason('request', 409),
  step_not_skippable: reason('request', 409),
  cancelled_by_customer: reason('request', 200),
  cancelled_by_operator: reason('request', 200),
  operation_ended: reason('request', 200),
  not_delivered: reason('internal', 502),
} as const satisfies Reasons;
