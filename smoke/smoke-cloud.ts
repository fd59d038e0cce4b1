import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError, reasons } from '../src/contracts/reasons.ts';
import type { PrivateServerSpec, RunnerLine, StackOutputs, StackRequest } from '../src/contracts/stack.ts';
import { findCloud, findPlan, findRegion } from '../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import type { BilledCloud } from '../src/domain/catalogue/cloud-costs.ts';
import { hostnameOf } from '../src/domain/hostnames/hostname.ts';
import { desiredAtFirst } from '../src/domain/operations/desired-server.ts';
import { appliedFrom, specFrom } from '../src/domain/operations/server-spec.ts';
import { monotonic, nowDate } from '../src/runtime/clock.ts';
import { newId } from '../src/runtime/new-id.ts';
import { runStack } from '../src/stacks/runner/run-stack.ts';
import { plan } from './estimate.ts';
import { checkPolicy, checkTags, listLeftovers } from './inspect-inside.ts';
import { checkFromOutside } from './inspect-outside.ts';
import { wordsOf } from './preflight.ts';
import type { Check, Leftover, Say } from './report.ts';
import type { RememberedRun, RunRecord } from './run-record.ts';
import type { Testbed } from './testbed.ts';

/** Why a run ended early. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';
  readonly by: 'interrupt' | 'time limit';

  constructor(by: RunEnded['by'], words: string) {
    super(words);
    this.by = by;
  }
}

/** The server of a run: the smallest plan on one node, with a hostname that is never sold. */
export function specOf({
  cloud,
  region,
  baseDomain,
}: {
  cloud: BilledCloud;
  region: string;
  baseDomain: string;
}): PrivateServerSpec {
  const instanceId = newId.instance();
  const offer = findCloud(cloud, catalogue);
  const desired = desiredAtFirst({
    size: offer.sizes[plan],
    image: catalogue.product.version,
    diskGib: findPlan(plan, catalogue).diskGib,
    hostname: hostnameOf({ name: `smoke-${instanceId.slice(1, 9)}`, cloud }, catalogue, baseDomain),
    zones: findRegion(region, offer).zones.slice(0, 1),
    tags: { 'freehold:plan': plan, 'freehold:created': nowDate().toISOString() },
  });
  return specFrom({ _id: instanceId, cloud, region, desired });
}

export interface Course {
  testbed: Testbed;
  env: NodeJS.ProcessEnv;
  say: Say;
}

/**
 * Builds the server of a recorded run, checks it and builds it again, which must change nothing. Returns the checks;
 * throws what ended it: the reason of a cloud, or `RunEnded`.
 */
export async function buildAndCheck(
  { spec, simulated }: RememberedRun,
  { testbed, env, say, signal, note }: Course & { signal: AbortSignal; note: (check: Check) => void },
): Promise<void> {
  const licenceId = await testbed.issueLicence(spec.instanceId);
  const identity = { adminEmail: `smoke@${spec.hostnames[0]}`, plan, licenceId, enrolmentGeneration: 0 };
  const up = (spec: PrivateServerSpec) =>
    operate({ kind: 'up', spec: spec, identity, recover: false }, { testbed, say, signal });

  say(`builds ${spec.instanceId}, ${spec.hostnames[0]} in ${spec.nodes[0]!.zone}`);
  const began = monotonic();
  const { outputs } = await up(spec);
  if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
  note({ what: 'build', result: 'passed', detail: `${outputs.addresses.join(', ')} after ${seconds(began)}` });
  note(await checkTags({ spec, outputs, testbed, signal }));
  note(await checkPolicy({ spec, testbed }));
  for (const check of await checkFromOutside({ spec, outputs, simulated, testbed, env, signal })) note(check);

  const { changes } = await up({ ...spec, ...appliedFrom(spec, outputs) });
  const others = Object.entries(changes).filter(([op, count]) => op !== 'same' && count > 0);
  const what = 'a second up changes nothing';
  const detail = Object.entries(changes).map(([op, count]) => `${count} ${op}`);
  note({ what, result: others.length === 0 ? 'passed' : 'failed', detail: detail.join(', ') });
}

/** How often a destroy is tried that fails, and how long it waits between tries, ms. */
const destroyPausesMs = [5_000, 15_000, 30_000, 60_000];
/**
 * How long a killed run's runner may take to release the stack: its shutdown escalation, its lease and their margin,
 * ms.
 */
const busyMs = 300_000;
const busyPauseMs = 1_000;

/**
 * Destroys what a run has built, and asks the cloud whether anything is left. Only if nothing is, the run's record is
 * removed. Returns what is left; `problem` says what went wrong, null if everything succeeded.
 */
export async function cleanUp(
  run: RememberedRun,
  { testbed, say, memory }: Course & { memory: RunRecord },
): Promise<{ left: Leftover[]; problem: string | null }> {
  const { spec } = run;
  say(`destroys ${spec.instanceId}`);
  const problems: string[] = [];
  // After any failure the rest is still done.
  const tried = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      problems.push(messageOf(error));
      return otherwise;
    }
  };
  await tried(() => destroy(spec, { testbed, say }), undefined);
  const mayStillGo = problems.length === 0;
  const listed = await tried(() => listLeftovers(spec, { testbed, mayStillGo }), []);
  await tried(() => testbed.revokeLicences(spec.instanceId), undefined);
  const left = listed.map(({ kind, id, resource }) => ({ kind, id, resource }));
  if (problems.length === 0 && left.length === 0) memory.forget(run);
  return { left, problem: problems.length > 0 ? problems.join('; ') : null };
}

async function destroy(spec: PrivateServerSpec, course: Pick<Course, 'testbed' | 'say'>): Promise<void> {
  const timeout = monotonic() + busyMs;
  const pauses = [...destroyPausesMs];
  for (;;) {
    try {
      await operate({ kind: 'destroy', spec, recover: true, finalSnapshot: null }, course);
      return;
    } catch (error) {
      const code = error instanceof ReasonError ? error.code : 'stack_failed';
      const isBusy = code === 'stack_busy' && monotonic() < timeout;
      // A failure that needs somebody to change something first, above all a permission, is not retried.
      const mayHelp = reasons[code].retryable || code === 'stack_failed';
      const pause = isBusy ? busyPauseMs : mayHelp ? pauses.shift() : undefined;
      if (pause === undefined) throw error;
      if (!isBusy) course.say(`retrying the destroy in ${pause / 1_000} s: ${messageOf(error)}`);
      await delay(pause);
    }
  }
}

async function operate(
  work: Pick<StackRequest, 'kind' | 'spec' | 'identity' | 'recover' | 'finalSnapshot'>,
  { testbed, say, signal }: Pick<Course, 'testbed' | 'say'> & { signal?: AbortSignal },
): Promise<{ outputs: StackOutputs | null; changes: Record<string, number> }> {
  let changes: Record<string, number> = {};
  const onLine = (line: RunnerLine) => {
    if (line.type === 'result') changes = line.changes;
    for (const text of textOf(line)) say(`  ${text}`);
  };
  const request: StackRequest = { ...work, stack: `inst-${work.spec.instanceId}`, delivered: false };
  const outputs = await runStack(request, { env: testbed.env, onLine, ...(signal ? { signal } : {}) });
  return { outputs, changes };
}

function textOf(line: RunnerLine): string[] {
  switch (line.type) {
    case 'phase':
      return [line.phase];
    case 'resource':
      return line.status === 'started' || line.op === 'same'
        ? []
        : [`${line.done}/${line.total} ${line.op} ${line.name} ${line.status === 'failed' ? 'FAILED' : 'done'}`];
    case 'log':
      return line.severity === 'info' ? [] : [`${line.severity}: ${line.text}`];
    case 'drift':
    case 'result':
    case 'failure':
      return [];
  }
}

/** An error in words. */
export function messageOf(error: unknown): string {
  if (error instanceof ReasonError) return wordsOf(error.code, error.detail);
  return error instanceof Error ? error.message : String(error);
}

function seconds(began: number): string {
  return `${Math.round((monotonic() - began) / 1_000)} s`;
}
