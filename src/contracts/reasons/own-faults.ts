import { type Reasons, reason } from './reason.ts';

/** What is our own doing: parts of ours that do not answer, and errors nobody foresaw. */
export const ownFaultReasons = {
  workflow_unreachable: reason('internal', 503, { retryable: true }),
  records_unreachable: reason('internal', 503, { retryable: true }),
  internal: reason('internal', 500, { retryable: true }),
} as const satisfies Reasons;
