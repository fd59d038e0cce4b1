import { type Reasons, reason } from './reason.ts';

/** Stacks, hosts and clouds. */
export const cloudReasons = {
  stack_failed: reason('cloud', 502),
  state_passphrase_wrong: reason('internal', 503),
  stack_busy: reason('cloud', 503, { retryable: true }),
  runner_died: reason('cloud', 503, { retryable: true }),
  cloud_unavailable: reason('cloud', 503, { retryable: true }),
  cloud_quota: reason('cloud', 502),
  cloud_capacity: reason('cloud', 503, { retryable: true }),
  cloud_rate_limited: reason('cloud', 503, { retryable: true }),
  cloud_credentials_expired: reason('cloud', 502, { retryable: true }),
  cloud_name_conflict: reason('cloud', 502),
  cloud_permission_missing: reason('cloud', 502),
  host_setup_invalid: reason('cloud', 500),
  policy_violated: reason('cloud', 500),
  unknown_objects: reason('cloud', 502),
  snapshot_failed: reason('cloud', 502, { retryable: true }),
  orphan_cleanup: reason('cloud', 502),
  host_starting: reason('cloud', 503, { retryable: true }),
  data_volume_refused: reason('cloud', 502),
  host_unhealthy: reason('cloud', 504),
} as const satisfies Reasons;
