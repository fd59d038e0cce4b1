import { type Reasons, reason } from './reason.ts';

/** Stacks, hosts and the clouds below them. */
export const cloudReasons = {
  stack_failed: reason('cloud', 502, {
    customer: 'The server could not be built.',
    operator: 'The Pulumi operation failed; the detail has its last lines.',
    next: 'Read the log, mend the cause, retry the step or abort.',
  }),
  stack_busy: reason(
    'cloud',
    503,
    {
      customer: 'The server is still busy with another step.',
      operator: 'Another runner holds the lease of the stack.',
      next: 'Wait; the step is retried when the lease is free.',
    },
    true,
  ),
  runner_died: reason(
    'cloud',
    503,
    {
      customer: 'Building the server was interrupted. It goes on by itself.',
      operator: 'The child process of the Pulumi operation ended without a result.',
      next: 'Wait; recovery runs before the next attempt.',
    },
    true,
  ),
  cloud_unavailable: reason(
    'cloud',
    503,
    {
      customer: 'The cloud does not answer at the moment. We keep trying.',
      operator: "The cloud's API is unreachable or answers with 5xx.",
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  cloud_quota: reason('cloud', 502, {
    customer: 'The cloud has no room for this server at the moment.',
    operator: 'The quota of the cloud account is used up.',
    next: 'Raise the quota, then retry the step.',
  }),
  unknown_objects: reason('cloud', 502, {
    customer: 'The change of the server needs a look by our staff. The server itself runs on.',
    operator: 'The cloud holds objects of this instance beside those of its stack; the detail names them.',
    next: 'Look which of them holds the data, remove the others at the cloud, retry the step.',
  }),
  orphan_cleanup: reason('cloud', 502, {
    customer: 'The server is being cleaned up. You are not charged for it.',
    operator: 'Destroy keeps failing; objects may be left at the cloud.',
    next: 'Remove the objects by tag or mend the cause; destroy is retried.',
  }),
  host_starting: reason(
    'cloud',
    503,
    {
      customer: 'The server is starting.',
      operator: 'The host does not answer as this instance yet; the detail names the phase.',
      next: 'Wait; the step is retried until its deadline.',
    },
    true,
  ),
  host_unhealthy: reason('cloud', 504, {
    customer: 'The server was built but does not answer.',
    operator: 'The host did not become healthy within the deadline; the detail names the phase.',
    next: 'Look at the host, then retry, skip or abort.',
  }),
} as const satisfies Reasons;
