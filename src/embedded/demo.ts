import { parseArgs } from 'node:util';
import { doubledClouds } from '../../emulators/clouds/environment.ts';
import { type FaultName, faults } from './demo/faults.ts';
import { runDemo } from './demo/run-demo.ts';
import type { Failure, Summary } from './demo/summary.ts';
import { runEmbedded, stayUntilInterrupted } from './run-embedded.ts';

/**
 * `npm run demo`: buys a server as a customer does, through the public API.
 *
 * `--exit` exits when done, as it does anyway without a terminal; `--json` prints the summary, or the error that
 * prevented it, as one JSON document on stdout and everything else on stderr; `--fault
 * decline|host|licence-down|cancel` provokes that failure and checks that nothing is left over; `--cloud` orders on
 * another cloud than this machine, which is emulated and says so. Exit code 1 if any check fails.
 */
const clouds = ['local', ...doubledClouds];
const usage = `usage: npm run demo -- [--exit] [--json] [--cloud ${clouds.join('|')} | --fault ${Object.keys(faults).join('|')}]`;

function readArguments(): { exit: boolean; json: boolean; cloud: string; fault: FaultName | undefined } | undefined {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: { exit: { type: 'boolean' }, json: { type: 'boolean' }, cloud: text, fault: text },
    });
    const { exit = false, json = false, cloud = 'local', fault } = values;
    const isKnown = clouds.includes(cloud) && (fault === undefined || Object.hasOwn(faults, fault));
    // Faults can be injected only on this machine's own cloud.
    if (isKnown && (fault === undefined || cloud === 'local'))
      return { exit, json, cloud, fault: fault as FaultName | undefined };
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error;
  }
  return undefined;
}

const args = readArguments();
if (args) {
  const out = args.json ? process.stderr : process.stdout;
  const fault = args.fault && faults[args.fault];
  const place = args.cloud === 'local' ? '' : ` on a simulated ${args.cloud}`;
  const title = fault ? `Freehold demo: ${fault.title}` : `Freehold demo${place}`;
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
    const summary = await runDemo(embedded, { cloud: args.cloud, fault: args.fault }, (name) => {
      step = name;
    });
    print(summary);
    if (!args.exit && process.stdin.isTTY && out.isTTY) {
      embedded.screen.print(embedded.screen.style('gray', ' Everything keeps running until Ctrl-C.'));
      await stayUntilInterrupted(embedded.signal);
    }
    return summary.ok ? 0 : 1;
  });
} else {
  console.error(usage);
  process.exitCode = 2;
}
