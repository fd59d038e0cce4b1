/** Stacks, hosts and clouds. */
export const cloudReasonTexts = {
  state_passphrase_wrong: {
    customer:
      'We cannot build or change servers at the moment. We are fixing it; you need not do anything. Nothing more is charged, and what is not delivered is refunded.',
    operator:
      'The provision worker has no passphrase of the state, or another one than the state is encrypted with. Nothing was built.',
    next: 'Give the worker the passphrase of the state (PULUMI_CONFIG_PASSPHRASE), restart it, and retry.',
  },
  stack_failed: {
    customer: 'The server could not be built.',
    operator: 'The Pulumi operation failed; the detail has its last lines.',
    next: 'Read the log, fix the cause, retry the step or abort.',
  },
  stack_busy: {
    customer: 'The server is still busy with another step.',
    operator: 'Another runner holds the lease of the stack.',
    next: 'Wait; the step is retried when the lease is free.',
  },
  runner_died: {
    customer: 'Building the server was interrupted. It continues automatically.',
    operator: 'The child process of the Pulumi operation ended without a result.',
    next: 'Wait; recovery runs before the next attempt.',
  },
  cloud_unavailable: {
    customer: 'The cloud does not answer at the moment. We keep trying.',
    operator: "The cloud's API is unreachable or answers with 5xx.",
    next: 'Wait; the step is retried.',
  },
  cloud_quota: {
    customer:
      'The cloud has no room for your server at the moment. We are arranging it; you need not do anything. Nothing more is charged, and what is not delivered is refunded.',
    operator: 'The quota of the cloud account is used up; the detail names it.',
    next: 'Raise the quota, then retry the step.',
  },
  cloud_capacity: {
    customer:
      'The data centre is full at the moment. We try its neighbours in the same region and then try again; you need not do anything. Nothing more is charged, and what is not delivered is refunded.',
    operator: 'The cloud has no machine of this size free in the zone; every zone of the region is tried in turn.',
    next: 'Wait; the step is retried in the other zones of the region, never in another region.',
  },
  cloud_rate_limited: {
    customer: 'The cloud asks us to go slower. We continue in a moment; nothing more is charged.',
    operator: 'The cloud refuses calls because there were too many; the step waits longer each time.',
    next: 'Wait; lower FREEHOLD_PROVISION_SLOTS if it persists.',
  },
  cloud_credentials_expired: {
    customer:
      'We cannot reach the cloud at the moment. We are fixing it; you need not do anything. Nothing more is charged, and what is not delivered is refunded.',
    operator:
      'The cloud does not accept our credentials: they expired, were revoked or are wrong. No order can continue there.',
    next: 'Renew the credentials of the provision worker (`freehold clouds check` checks them), then retry the step.',
  },
  cloud_name_conflict: {
    customer:
      'The cloud refuses to create a part of your server. We are fixing it; you need not do anything. Nothing more is charged, and what is not delivered is refunded.',
    operator: 'An object of the same name exists at the cloud and does not belong to this stack; the detail names it.',
    next: "Find out who owns it: remove it, or tag it as this instance's, then retry the step.",
  },
  cloud_permission_missing: {
    customer:
      'The cloud does not let us build your server yet. We are fixing it; you need not do anything. Nothing more is charged, and what is not delivered is refunded.',
    operator: 'Our account lacks a permission at the cloud that a stack needs; the detail names it.',
    next: 'Grant it as docs/clouds/ says (`freehold clouds check` lists what is missing), then retry the step.',
  },
  host_setup_invalid: {
    customer: 'The server could not be built.',
    operator: 'The first-boot configuration of hosts is missing, malformed or too large; the detail names the part.',
    next: 'Correct the configuration of the provision worker, then retry the step.',
  },
  policy_violated: {
    customer: 'The server could not be built. Nothing was created at the cloud.',
    operator: 'The stack violates one of our policies, so nothing was created; the detail names policy and resource.',
    next: 'Correct the stack program, then retry the step.',
  },
  unknown_objects: {
    customer: 'The change of the server has to be checked by our staff. The server keeps running.',
    operator: 'The cloud holds objects of this instance that are not in its stack; the detail names them.',
    next: 'Find out which of them holds the data, remove the others at the cloud, retry the step.',
  },
  snapshot_failed: {
    customer: 'Your server is still there: the last copy of its data could not be made yet. We try again.',
    operator:
      'The final snapshot of a data volume failed or takes too long, so nothing was removed; the detail says which.',
    next: 'Wait; destroy is retried, and takes failed snapshots again.',
  },
  orphan_cleanup: {
    customer: 'The server is being cleaned up. You are not charged for it.',
    operator: 'Destroy keeps failing; objects may be left at the cloud.',
    next: 'Remove the objects by tag or fix the cause; destroy is retried.',
  },
  host_starting: {
    customer: 'The server is starting.',
    operator: 'The host does not answer as this instance yet; the detail names the phase.',
    next: 'Wait; the step is retried until its deadline.',
  },
  data_volume_refused: {
    customer: 'The server was built, but its disk needs a check by our team.',
    operator:
      'The host found data that is not ours, several volumes, or a damaged file system; the detail names the phase.',
    next: 'Check the volume on the host, repair it by hand, then retry.',
  },
  host_unhealthy: {
    customer: 'The server was built but does not answer.',
    operator: 'The host did not become healthy within the deadline; the detail names the phase that was seen last.',
    next: "Fix what the detail names, or restart the machine in its cloud's console (docs/operating.md says how to find it), then retry, skip or abort.",
  },
} as const;
