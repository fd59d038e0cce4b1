/** Output of the operators' command. */
export const cli = {
  empty: {
    orders: 'No orders.',
    instances: 'No instances.',
    operations: 'No operations.',
    tickets: 'No tickets.',
    incidents: 'No incidents.',
  },
  notAnId: {
    order: '"{id}" is not the id of an order (ord_…); look for it with: freehold find {id}',
    instance: '"{id}" is not the id of a server (i…); look for it with: freehold find {id}',
    operation: '"{id}" is not the id of an operation (op_…); look for it with: freehold find {id}',
    account: '"{id}" is not the id of an account (acc_…); look for it with: freehold find {id}',
    ticket: '"{id}" is not the id of a ticket (tic_…); look for it with: freehold find {id}',
    incident: '"{id}" is not the id of an incident (inc_…); look for it with: freehold incidents list',
  },
  notThere: {
    order: 'There is no order {id}.',
    instance: 'There is no server {id}.',
    operation: 'There is no operation {id}.',
    account: 'There is no account {id}.',
    ticket: 'There is no ticket {id}.',
    incident: 'There is no incident {id}.',
  },
  nothingFound: 'Nothing has the id, address or name "{text}".',
  following: 'More: add --before {next}',
  stepChange: '{step}: {status}, try {attempt}',
  stepChangeWhy: '{step}: {status}, try {attempt}, {reason}',
  decided: {
    retry: 'Retry accepted: {step} runs again, as try {next}.',
    skip: 'Skip accepted: the operation continues without {step}.',
    abort: 'Abort accepted in {step}: the operation ends, and what it did is undone where it has an undo.',
  },
  notStarted: 'not started yet',
  waits: '{step} waits for you. {operator} {next}',
  cause: 'Seen last: {detail}',
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
  incident: {
    decide: 'What can be decided:',
    look: 'Where to look: {look}',
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
    prices: 'List prices in {currency} as of {asOf}; compare them with {source}.',
    exchange: 'One {from} counts as {rate} {to}, the rate of {asOf} from {source}.',
    confirmed: '{on} at {at}',
  },
} as const;
