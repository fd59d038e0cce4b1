import { type Reasons, reason } from './reason.ts';

/** Our own faults: services of ours that do not respond, and unexpected errors. */
export const ownFaultReasons = {
  workflow_unreachable: reason('internal', 503, { retryable: true }),
  records_unreachable: reason('internal', 503, { retryable: true }),
  internal: reason('internal', 500, { retryable: true }),
} as const satisfies Reasons;
