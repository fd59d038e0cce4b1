/** What operators read about a workflow: in the Temporal UI, and by the CLI. */
export const details = {
  retryByHand: 'Fix the cause, then retry the step: it is not tried again by itself.',
  reconcile: {
    title: {
      records: 'Records against systems',
      clouds: 'Clouds against records',
    },
    running: '{title}: {list}',
    over: '{title}: done',
    dryRun: '{compared} compared, {found} mismatches, nothing touched.',
    repaired: '{compared} compared, {found} mismatches, {repaired} repaired.',
    unread: 'Did not answer: {systems}. Its tickets stay as they are.',
    byItself: '(by itself: {repair})',
  },
  scan: {
    running: 'Servers against their stacks',
    over: 'Servers against their stacks: done',
    counts: '{checked} checked, {drifted} drifted, {skipped} left to the next scan.',
    drifted: 'Drifted:',
  },
  snapshots: {
    over: 'Done',
    counts: '{made} made, {removed} removed, {problems} could not be made or removed',
  },
  latePayment: {
    settled: 'Money of `{orderId}`: settled',
    needsOperator: 'Money of `{orderId}` needs an operator',
    why: '`{reason}`: {detail}. {next} It is tried again every day.',
  },
  /** One line on what a workflow is for. */
  summaries: {
    latePayment: 'Money after the end of {orderId}',
    reconcile: 'All systems are compared (dry run)',
    repair: 'All systems are compared and repaired',
    checkClouds: 'Check of {clouds}',
  },
  /** The end of a list that is shown in part. */
  more: 'and {count} more',
} as const;
