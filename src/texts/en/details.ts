/** What operators read about a workflow: in the Temporal UI, and by the CLI. */
export const details = {
  retryByHand: 'Mend the cause, then retry the step: it is not tried again by itself.',
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
  /** The end of a list that is shown in part. */
  more: 'and {count} more',
} as const;
