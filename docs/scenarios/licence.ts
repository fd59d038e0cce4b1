import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { table } from '../table.ts';

/**
 * Which test covers which scenario of the licence server, L1 to L78. The numbers are collected from the
 * names of the tests (`L12: …`, `L1, L2: …`, `… (L48)`), so the table cannot claim a test that does not exist.
 */

const root = join(import.meta.dirname, '../..');

/** The scenarios in order, each in a few words. */
const scenarios = [
  'a valid key and a free seat',
  'the same activationId twice',
  'two clients, one seat, 100 times',
  'fifty at once on five seats',
  'crash after the pending insert',
  'crash after taking the seat',
  'an unknown key',
  'a key with one wrong character',
  'a key with spaces, quotes, lower case',
  'the key of another product',
  'a licence that is not paid',
  'suspended, ended, revoked',
  'production and development seats',
  'a node takes over its own seat; flapping',
  'a licence that is bound to a cluster',
  'a released seat is used again',
  'a lease that has ended; check against eviction',
  'a deactivated node',
  'more seats without a restart',
  'fewer seats than nodes',
  'over-use beyond the seats',
  'a licence deleted during an activation',
  'the current secret rotates',
  'a lost answer',
  'crash between rotation and state, three days offline',
  'old clients without a requestId',
  'the previous secret after the current one was used',
  'two threads with one secret',
  'a copied machine',
  'a copy with a request in flight',
  'a copy where a seat is free',
  'restored from an old backup',
  'wrong secrets are limited, the real node is not',
  'a hundred checks with one secret',
  'the connection to the database is cut after the update',
  'a changed plan shows at the next check',
  'unknown and malformed ids',
  'usage over the quota',
  'the end of the grace period',
  'a restart inside the grace period',
  'a restart does not extend it',
  'a clock that was set back',
  'a clock that is ahead',
  'a frozen wall clock',
  'forged verdicts',
  'replayed answers',
  'a roll of the signing keys',
  'HTML of a proxy',
  'TLS intercepted by a proxy',
  '429 and 503 with Retry-After',
  '10,000 nodes reconnect after an outage',
  'an unusable state file',
  'perpetual: the last day of the window',
  'perpetual: the registry dates each version',
  'perpetual: bug fixes of a whole line',
  'the rule of twelve paid months',
  'perpetual: late renewals',
  'offline files',
  'claims',
  'enrolment tokens',
  'late payments, suspended and reinstated',
  'standings that arrive twice and in any order',
  'cancelled to the end of the period',
  'an upgrade costs what was previewed',
  'refused coupons',
  'two members change the plan at once',
  'another account',
  'the last administrator; closing an account',
  'a wrong address at the first sign-up',
  'issuing again after a crash; compensation',
  'provisioning that fails after the licence',
  'destroying a host',
  'no key, secret or token in logs and errors',
  'what a node sends',
  'error bodies and the OpenAPI document',
  'operators, large and deep bodies',
  'the audit log',
  'hot queries use declared indexes',
] as const;

/** Why a scenario has no test here. */
const left: Record<string, string> = {
  L21: 'not implemented',
  L56: 'not implemented',
  L63: 'comes with billing',
  L64: 'comes with billing',
  L65: 'comes with billing',
  L66: 'comes with billing',
  L72: 'comes with the operations on instances',
};

/** Test files by the scenario number in the name of a test or group. */
function filesByNumber(): Map<string, string[]> {
  const files = new Map<string, string[]>();
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
  for (const name of all.filter((path) => path.endsWith('.test.ts')).toSorted()) {
    const path = join(root, 'test', name);
    const calls = readFileSync(path, 'utf8').matchAll(/(?:\b(?:test|describe)(?:\.\w+)?|\))\(\s*(['"`])(.*?)\1/g);
    const numbers = [...calls].flatMap(([, , title = '']) => title.match(/\bL\d+\b/g) ?? []);
    for (const number of new Set(numbers)) files.set(number, [...(files.get(number) ?? []), relative(root, path)]);
  }
  return files;
}

/** Faults: scenarios with neither test nor reason, outdated reasons, numbers that do not exist. */
export function scenarioFaults(): string[] {
  const files = filesByNumber();
  const known = scenarios.map((_, at) => `L${at + 1}`);
  return [
    ...known.filter((id) => !files.has(id) && !left[id]).map((id) => `${id} has no test and no reason`),
    ...known.filter((id) => files.has(id) && left[id]).map((id) => `${id} has a test: remove its reason`),
    ...[...files.keys()].filter((id) => !known.includes(id)).map((id) => `${id} is no scenario`),
  ];
}

/** The text of docs/licence-scenarios.md. */
export function scenariosPage(): string {
  const files = filesByNumber();
  const rows = scenarios.map((title, at) => {
    const id = `L${at + 1}`;
    const shown = files.get(id)?.map((path) => `\`${path}\``);
    return [id, title, shown?.join(', ') ?? `_${left[id] ?? 'no test yet'}_`];
  });
  return `# Scenarios of the licence server

Which test covers which scenario of the licence server; tests carry the number in their name. \`npm test -- FILE -t L12\`
runs one. Generated by \`node docs/scenarios/write.ts\`.

${table(['number', 'scenario', 'test'], rows).join('\n')}
`;
}
