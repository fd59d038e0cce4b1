/** Output of the operators' command. */
export const cli = {
  empty: {
    orders: 'No orders.',
    instances: 'No instances.',
    operations: 'No operations.',
    tickets: 'No tickets.',
  },
  notStarted: 'not started yet',
  waits: '{step} waits for you. {operator} {next}',
  comesLater: 'It starts when the running operation of this server has ended: freehold operations show {operationId}',
  reconcile: {
    unread: 'No response, so mismatches may be missing here: {systems}.',
    inMotion:
      '{count, plural, one {# of them was} other {# of them were}} not judged: changed recently, or an operation runs.',
    dryRun:
      '{compared} compared, {found, plural, one {# mismatch} other {# mismatches}}; nothing was changed (dry run).',
    repaired:
      '{compared} compared, {found, plural, one {# mismatch} other {# mismatches}}, {repaired} repaired automatically.',
    more: 'and {count} more',
  },
  ticket: {
    byPeople: 'by an operator',
    peopleDecide: 'none; an operator decides',
    repaired: '{at} ({repairs} times in all)',
    closed: '{at}, {by}',
    mismatchGone: 'the mismatch is gone',
  },
  clouds: {
    states: {
      ready: 'ready',
      incomplete: 'something is missing',
      not_configured: 'not configured',
      refused: 'unreachable or access refused',
      unserved: 'no provision worker serves it',
    },
    sold: '{title} ({cloud}), sold here',
    notSold: '{title} ({cloud}), not sold here',
    permissions: '{present} of {asked} granted',
    unchecked: '{count} show only when they are used: {permissions}',
    regionSilent: '{region} did not answer',
    regionLacks: '{region} lacks {sizes}',
    nodes: '{plan} on {nodes} nodes',
    prices: 'List prices as of {asOf}; compare them with {source}.',
  },
} as const;
