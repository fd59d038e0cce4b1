import { parseArgs } from 'node:util';
import { type FaultName, faults } from './demo/faults.ts';
import { runDemo } from './demo/run-demo.ts';
import type { Failure, Summary } from './demo/summary.ts';
import { runEmbedded, stayUntilInterrupted } from './run-embedded.ts';

/**
 * `npm run demo`: the main job as a customer does it, through the public API.
 *
 * `--exit` leaves when it is done, as it also does without a terminal; `--json` prints the summary, or what failed before
 * it, as one JSON document on stdout and everything else on stderr; `--fault decline|host|licence-down|cancel` lets that
 * go wrong and checks that nothing is left over. Exit code 1 when anything is not as it should be.
 */
const usage = `usage: npm run demo -- [--exit] [--json] [--fault ${Object.keys(faults).join('|')}]`;

function readArguments(): { exit: boolean; json: boolean; fault: FaultName | undefined } | undefined {
  try {
    const { values } = parseArgs({
      options: { exit: { type: 'boolean' }, json: { type: 'boolean' }, fault: { type: 'string' } },
    });
    const { exit = false, json = false, fault } = values;
    if (fault === undefined || Object.hasOwn(faults, fault))
      return { exit, json, fault: fault as FaultName | undefined };
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error;
  }
  return undefined;
}

const args = readArguments();
if (args) {
  const out = args.json ? process.stderr : process.stdout;
  const fault = args.fault && faults[args.fault];
  const title = fault ? `Freehold demo: ${fault.title}` : 'Freehold demo';
  const print = (document: Summary | Failure) => {
    if (args.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  };
  let step = 'Platform';
  const options = {
    ...{ out, title, overrides: { ...fault?.overrides } },
    onFailure: (failure: Pick<Failure, 'reason' | 'sentence'>) =>
      print({ ok: false, fault: args.fault ?? null, ...failure, step }),
  };
  await runEmbedded(options, async (embedded) => {
    const summary = await runDemo(embedded, args.fault, (name) => {
      step = name;
    });
    print(summary);
    if (!args.exit && process.stdin.isTTY && out.isTTY) {
      embedded.screen.print(embedded.screen.style('gray', ' Everything stays up until Ctrl-C.'));
      await stayUntilInterrupted(embedded.signal);
    }
    return summary.ok ? 0 : 1;
  });
} else {
  console.error(usage);
  process.exitCode = 2;
}
