import { type Reasons, reason } from './reason.ts';

/** Servers that differ from their applied spec. */
export const driftReasons = {
  server_drifted: reason('cloud', 502, { retryable: true }),
  volume_gone: reason('cloud', 502),
  volume_changed: reason('cloud', 502),
  drift_unclear: reason('cloud', 502),
  check_ended: reason('request', 200),
  server_not_ready: reason('request', 409),
} as const satisfies Reasons;
