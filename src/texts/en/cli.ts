/** What the operators' command prints. */
export const cli = {
  empty: {
    orders: 'No orders.',
    instances: 'No instances.',
    operations: 'No operations.',
    tickets: 'No tickets.',
  },
  notStarted: 'not started yet',
  waits: '{step} waits for you. {operator} {next}',
  comesLater: 'It comes when what runs on this server has ended: freehold operations show {operationId}',
  reconcile: {
    unread: 'Did not answer, so something may be missing here: {systems}.',
    dryRun:
      '{compared} compared, {found, plural, one {# mismatch} other {# mismatches}}; nothing was touched (dry run).',
    repaired:
      '{compared} compared, {found, plural, one {# mismatch} other {# mismatches}}, {repaired} repaired by itself.',
    more: 'and {count} more',
  },
  ticket: {
    byPeople: 'by people',
    peopleDecide: 'nothing; people decide',
    repaired: '{at} ({repairs} times in all)',
    closed: '{at}, {by}',
    mismatchGone: 'the mismatch is gone',
  },
  clouds: {
    states: {
      ready: 'ready',
      incomplete: 'something is missing',
      not_configured: 'not configured',
      refused: 'does not answer us',
      unserved: 'no provision worker serves it',
    },
    sold: '{title} ({cloud}), sold here',
    notSold: '{title} ({cloud}), not sold here',
    permissions: '{present} of {asked} are there',
    unchecked: '{count} show only when they are used: {permissions}',
    regionSilent: '{region} did not answer',
    regionLacks: '{region} lacks {sizes}',
    nodes: '{plan} on {nodes} nodes',
    prices: 'List prices as known {asOf}; compare them with {source}.',
  },
} as const;
