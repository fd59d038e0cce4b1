/** What operators read about a workflow: in the Temporal UI, and by the CLI. */
export const details = {
  retryByHand: 'Fix the cause, then retry the step: it is not retried automatically.',
  reconcile: {
    title: {
      records: 'Records against systems',
      clouds: 'Clouds against records',
    },
    running: '{title}: {list}',
    over: '{title}: done',
    dryRun: '{compared} compared, {found} mismatches, nothing changed.',
    repaired: '{compared} compared, {found} mismatches, {repaired} repaired.',
    inMotion: '{count} skipped: changed recently, or an operation is running.',
    unread: 'No response: {systems}. Tickets about them stay as they are.',
    byItself: '(automatic: {repair})',
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
    settled: 'Payment for `{orderId}`: settled',
    needsOperator: 'Payment for `{orderId}` needs an operator',
    why: '`{reason}`: {detail}. {next} It is retried automatically, at the latest after a day.',
  },
  /** One line on what a workflow is for. */
  summaries: {
    latePayment: 'Late payment for {orderId}',
    correction: 'Corrected address of {orderId}',
    reconcile: 'Compare all systems (dry run)',
    repair: 'Compare and repair all systems',
    checkClouds: 'Check of {clouds}',
    tellOperators: 'Operators are told: {incidentId}',
    dailyLook: 'Operators are told what is open',
  },
  /** The end of a list that is shown in part. */
  more: 'and {count} more',
} as const;
