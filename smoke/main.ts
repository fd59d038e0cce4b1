import { join } from 'node:path';
import type { BilledCloud } from '../src/domain/catalogue/cloud-costs.ts';
import { stateFolderFromEnvironment } from '../src/embedded/state-folder.ts';
import { monotonic, nowDate } from '../src/runtime/clock.ts';
import { type Arguments, readArguments, usage } from './arguments.ts';
import { estimateRun, usualRegion } from './estimate.ts';
import { type Ground, openGround } from './ground.ts';
import { type Memory, openMemory, type RememberedRun } from './memory.ts';
import { isSimulated, preflight } from './preflight.ts';
import {
  box,
  type Check,
  type CloudResult,
  checkLine,
  exitCodeOf,
  exitCodes,
  labelOf,
  type Say,
  type Summary,
  showSummary,
} from './report.ts';
import { buildAndCheck, cleanUp, messageOf, RunEnded, specOf } from './smoke-cloud.ts';

/**
 * `npm run smoke`: builds the smallest plan in real cloud accounts with the real stack programs, checks it from outside
 * and destroys it (docs/clouds/smoke.md). Reports prominently what was skipped, could not be checked, or is left.
 */
const { env } = process;

interface Run {
  args: Arguments;
  say: Say;
  memory: Memory;
  /** Started when the first cloud needs it. */
  ground(): Promise<Ground>;
  /** Aborted by SIGINT and similar signals. */
  interrupt: AbortSignal;
  summary: Summary;
  /** Estimated cost of the runs so far, cents. */
  spentCents: number;
}

async function smoke(args: Arguments, say: Say): Promise<number> {
  const stateDir = join(stateFolderFromEnvironment(), 'smoke');
  const interrupt = interruption(say);
  const memory = openMemory(join(stateDir, 'runs'));
  let opened: Promise<Ground> | undefined;
  const summary: Summary = { ok: false, clouds: [], cleaned: [], remembered: [] };
  const run: Run = {
    ...{ args, say, memory, interrupt, summary, spentCents: 0 },
    ground: () => {
      opened ??= openGround({ stateDir, signal: interrupt });
      return opened;
    },
  };
  try {
    for (const cloud of args.clouds) {
      if (interrupt.aborted) break;
      summary.clouds.push(await smokeCloud(cloud, run));
    }
  } finally {
    await opened?.then(
      (ground) => ground.close(),
      // Already reported for the cloud that needed it.
      () => undefined,
    );
  }
  summary.remembered = memory.all().map(({ cloud, spec, since }) => ({ cloud, instanceId: spec.instanceId, since }));
  const code = interrupt.aborted ? exitCodes.interrupted : exitCodeOf(summary);
  summary.ok = code === exitCodes.passed;
  showSummary(summary, say);
  if (args.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  return code;
}

/** Runs one cloud, from the preflight to the check for leftovers. Never throws. */
async function smokeCloud(cloud: BilledCloud, run: Run): Promise<CloudResult> {
  const { args } = run;
  const began = monotonic();
  const simulated = isSimulated(cloud, env);
  const say: Say = (line) => run.say(`${labelOf({ cloud, simulated })}: ${line}`);
  const outcome: CloudResult = {
    ...{ cloud, simulated, result: 'failed', why: '', instanceId: null, hostname: null, estimateCents: null },
    ...{ checks: [], left: [], tookMs: 0 },
  };
  const end = (result: CloudResult['result'], why: string): CloudResult => {
    Object.assign(outcome, { result, why, tookMs: Math.round(monotonic() - began) });
    say(`${result}${why ? `: ${why}` : ''}`);
    return outcome;
  };

  try {
    const region = args.region ?? usualRegion(cloud);
    const before = await preflight({ cloud, region, simulated }, env);
    if (before.state === 'go') {
      say(`known there as ${before.identity}; none of ${before.asked} permissions is missing`);
      if (before.unchecked.length > 0) say(`not told before they are used: ${before.unchecked.join(', ')}`);
    }
    if (before.account !== undefined) {
      const stranded = await cleanEarlier({ cloud, account: before.account }, run, say);
      if (stranded) return end('failed', stranded);
    }
    if (before.state !== 'go') return end(before.state, before.why);
    if (args.clean) return end('passed', 'of earlier runs nothing is left');

    const estimate = estimateRun({ cloud, region, minutes: args.minutes });
    outcome.estimateCents = estimate.cents;
    const money = (cents: number) => `${(cents / 100).toFixed(2)} ${estimate.currency}`;
    const total = run.spentCents + estimate.cents;
    say(`costs ${money(estimate.cents)} at most in ${estimate.hours} h, by prices of ${estimate.asOf}; ${region}`);
    if (total > args.ceilingCents) {
      return end('refused', `${money(total)} in all would be above the ceiling of ${money(args.ceilingCents)}`);
    }
    run.spentCents = total;

    const baseDomain = env.FREEHOLD_BASE_DOMAIN || 'freehold.localhost';
    const spec = specOf({ cloud, region, baseDomain });
    const made: RememberedRun = { cloud, account: before.account, simulated, spec, since: nowDate().toISOString() };
    const ended = await build(made, { run, say, outcome });
    return end(...ended);
  } catch (error) {
    return run.interrupt.aborted ? end('interrupted', messageOf(error)) : end('failed', messageOf(error));
  }
}

/** Destroys what earlier runs of this folder left at a cloud. Returns in words what prevented it, or null. */
async function cleanEarlier(
  { cloud, account }: Pick<RememberedRun, 'cloud' | 'account'>,
  { memory, ground, summary }: Run,
  say: Say,
): Promise<string | null> {
  for (const earlier of memory.all().filter((each) => each.cloud === cloud)) {
    const { instanceId } = earlier.spec;
    say(`an earlier run of ${earlier.since} has left ${instanceId}: that is destroyed first`);
    if (earlier.account !== account) return `${instanceId} was built in ${earlier.account}, and this is ${account}`;
    const { left, problem } = await cleanUp(earlier, { ground: await ground(), env, say, memory });
    if (problem !== null) return `${instanceId} could not be destroyed: ${problem}`;
    if (left.length > 0) {
      return `of ${instanceId} is left: ${left.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`;
    }
    summary.cleaned.push(instanceId);
    say(`nothing of ${instanceId} is left`);
  }
  return null;
}

/** Builds, checks and destroys, whatever happens in between. */
async function build(
  made: RememberedRun,
  { run, say, outcome }: { run: Run; say: Say; outcome: CloudResult },
): Promise<[CloudResult['result'], string]> {
  const { memory, args, interrupt } = run;
  const { spec } = made;
  Object.assign(outcome, { instanceId: spec.instanceId, hostname: spec.hostnames[0] });
  const ground = await run.ground();
  const course = { ground, env, say };
  const note = (check: Check) => {
    outcome.checks.push(check);
    say(checkLine(check));
  };
  interrupt.throwIfAborted();
  const limit = new AbortController();
  const words = `the time limit of ${args.minutes} min has passed`;
  const timer = setTimeout(() => limit.abort(new RunEnded('time limit', words)), args.minutes * 60_000);
  let ending: unknown = null;
  memory.note(made);
  try {
    await buildAndCheck(made, { ...course, signal: AbortSignal.any([interrupt, limit.signal]), note });
  } catch (error) {
    ending = error;
    say(`ENDS: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
  }

  const { left, problem } = await cleanUp(made, { ...course, memory });
  outcome.left = left;
  const isGone = problem === null && left.length === 0;
  const listed = left.map(({ kind, id }) => `${kind} ${id}`).join(', ');
  note({
    what: 'nothing is left at the cloud',
    ...(isGone
      ? { result: 'passed', detail: `of ${spec.instanceId}, by its tag` }
      : { result: 'failed', detail: [problem, listed].filter(Boolean).join('; ') }),
  });
  if (!isGone) return ['failed', `something may be left of ${spec.instanceId}: ${problem ?? listed}`];
  if (ending instanceof RunEnded && ending.by === 'interrupt') return ['interrupted', ending.message];
  if (ending !== null) return ['failed', messageOf(ending)];
  const failed = outcome.checks.filter(({ result }) => result === 'failed').map(({ what }) => what);
  return failed.length > 0 ? ['failed', failed.join('; ')] : ['passed', ''];
}

/** The first signal destroys everything and exits, the second one exits at once. */
function interruption(say: Say): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) {
        for (const line of box(['LEFT AT ONCE: what was built may stand and cost money. The next run destroys it.']))
          say(line);
        process.exit(exitCodes.interrupted);
      }
      say(`${name}: everything is destroyed first; once more leaves it standing`);
      interrupt.abort(new RunEnded('interrupt', `interrupted by ${name}`));
    });
  }
  return interrupt.signal;
}

let args: Arguments | undefined;
try {
  args = readArguments(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n${usage}\n`);
  process.exitCode = exitCodes.usage;
}
if (args) {
  const out = args.json ? process.stderr : process.stdout;
  process.exitCode = await smoke(args, (line) => void out.write(`${line}\n`));
}
