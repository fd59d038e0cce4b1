import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { createFetch } from '../client/fetch.ts';
import { ValidateAnswer } from '../protocol/answers.ts';
import { LicenceProblem } from '../protocol/problem.ts';
import { defaultIssuer } from '../protocol/verdict.ts';
import { Finding } from './finding.ts';
import { runScenarios, seatsNeeded } from './kit.ts';
import { lineOf, reportOf, summaryOf } from './report.ts';
import { scenarios } from './scenarios/all.ts';
import { createWire, fits, type Target } from './wire.ts';

/**
 * `npm run licence-conformance`: runs the scenarios of the licence protocol against a server, from outside, with one of
 * its licence keys: raw requests, and the client library with a manipulated network and clocks.
 */

const exitCodes = { conforms: 0, fails: 1, cannotRun: 2 } as const;

interface Options {
  server: string;
  product: string;
  key?: string;
  keyFile?: string;
  productVersion: string;
  issuer: string;
  ca?: string;
  proxy?: string;
  only?: string;
  json?: boolean;
  list?: boolean;
}

const command = new Command('licence-conformance')
  .description('Runs the scenarios of the licence protocol against a server and reports which of them it meets.')
  .option('--server <url>', 'address of the licence server')
  .option('--product <code>', 'product of the licence')
  .addOption(new Option('--key <key>', `licence key with ${seatsNeeded} free seats`).env('LICENCE_KEY'))
  .option('--key-file <path>', 'file with the key, which keeps it out of the process list')
  .option('--product-version <version>', 'version that the nodes report', '1.0.0')
  .option('--issuer <iss>', 'iss of the verdicts', defaultIssuer)
  .option('--ca <path>', 'PEM file of an additional certificate authority')
  .option('--proxy <url>', 'proxy to use; by default HTTPS_PROXY, HTTP_PROXY and NO_PROXY apply')
  .option('--only <numbers>', 'scenarios to run, for example L24,L29')
  .option('--json', 'print the report as one JSON document')
  .option('--list', 'print the scenarios and run none')
  .addHelpText('after', '\nExit codes: 0 every scenario passed, 1 one failed, 2 none could be run.')
  .exitOverride();

const print = (line: string) => process.stdout.write(`${line}\n`);

function chosen({ only }: Options) {
  if (only === undefined) return scenarios;
  const ids = only.split(',').map((id) => id.trim().toUpperCase());
  const unknown = ids.filter((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown.length > 0) throw new Finding(`There is no scenario ${unknown.join(', ')}; --list names them.`);
  return scenarios.filter(({ id }) => ids.includes(id));
}

function targetOf(options: Options): Target {
  const { server: serverUrl, product, productVersion: version, issuer, proxy, keyFile } = options;
  const licenseKey = keyFile === undefined ? options.key : readFileSync(keyFile, 'utf8').trim();
  if (!serverUrl || !product || !licenseKey) throw new Finding('Give --server, --product and --key or --key-file.');
  const ca = options.ca === undefined ? undefined : readFileSync(options.ca, 'utf8');
  return { serverUrl, product, licenseKey, version, issuer, fetch: createFetch({ proxy, ca }) };
}

/** Whether the key suffices for a whole run; throws a finding that says why not. */
async function requireSeats(target: Target): Promise<void> {
  const { licenseKey, product } = target;
  const reply = await createWire(target).call('POST', '/v1/licenses/validate', { licenseKey, product });
  const problem = LicenceProblem.safeParse(reply.body);
  if (problem.success) throw new Finding(`The key is not valid: ${problem.data.detail}`);
  const { valid, detail, seats } = fits(ValidateAnswer, reply, 200, 'validate');
  if (!valid) throw new Finding(`The key is not valid: ${detail}`);
  const free = seats === null ? 0 : seats.limit - seats.used;
  if (free < seatsNeeded) throw new Finding(`Free seats of the licence: ${free}; a run needs ${seatsNeeded}.`);
}

async function run(options: Options): Promise<number> {
  const list = chosen(options);
  if (options.list) {
    for (const { id, title } of list) print(`${id.padEnd(4)} ${title}`);
    return exitCodes.conforms;
  }
  const target = targetOf(options);
  await requireSeats(target);
  const finished = await runScenarios(target, list, (result) => {
    if (!options.json) print(lineOf(result));
  });
  const report = reportOf(target, finished);
  print(options.json ? JSON.stringify(report, null, 2) : `\n${summaryOf(report)}`);
  return report.conforms ? exitCodes.conforms : exitCodes.fails;
}

try {
  process.exitCode = await run(command.parse().opts<Options>());
} catch (error) {
  process.exitCode = exitCodes.cannotRun;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exitCode = exitCodes.conforms;
  } else {
    const { message, code, cause } = error as Error & { code?: string; cause?: { code?: string } };
    const why = error instanceof Finding ? message : `The server was not reached (${code ?? cause?.code ?? message}).`;
    process.stderr.write(`licence-conformance: ${why}\n`);
  }
}
