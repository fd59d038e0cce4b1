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
import type { Ground } from './ground.ts';
import { checkPolicy, checkTags, listLeft } from './inspect-inside.ts';
import { checkOutside } from './inspect-outside.ts';
import type { Memory, RememberedRun } from './memory.ts';
import { wordsOf } from './preflight.ts';
import type { Check, LeftObject, Say } from './report.ts';

/** Why a run ends early. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';
  readonly by: 'interrupt' | 'time limit';

  constructor(by: RunEnded['by'], words: string) {
    super(words);
    this.by = by;
  }
}

/** The server of a run: the smallest plan on one node, under a name that is never sold. */
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
  ground: Ground;
  env: NodeJS.ProcessEnv;
  say: Say;
}

/**
 * Builds the server of a run that is already in the memory, checks it, and runs `up` again, which must change nothing.
 * Returns the checks; throws the cloud's reason code or `RunEnded`.
 */
export async function buildAndCheck(
  { spec, simulated }: RememberedRun,
  { ground, env, say, signal, note }: Course & { signal: AbortSignal; note: (check: Check) => void },
): Promise<void> {
  const licenceId = await ground.issueLicence(spec.instanceId);
  const identity = { adminEmail: `smoke@${spec.hostnames[0]}`, plan, licenceId, enrolmentGeneration: 0 };
  const up = (target: PrivateServerSpec) =>
    operate({ kind: 'up', spec: target, identity, recover: false }, { ground, say, signal });

  say(`builds ${spec.instanceId}, ${spec.hostnames[0]} in ${spec.nodes[0]!.zone}`);
  const began = monotonic();
  const { outputs } = await up(spec);
  if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
  note({ what: 'it is built', result: 'passed', detail: `${outputs.addresses.join(', ')} after ${seconds(began)}` });
  note(await checkTags({ spec, outputs, ground, signal }));
  note(await checkPolicy({ spec, ground }));
  for (const check of await checkOutside({ spec, outputs, simulated, ground, env, signal })) note(check);

  const { changes } = await up({ ...spec, ...appliedFrom(spec, outputs) });
  const others = Object.entries(changes).filter(([op, count]) => op !== 'same' && count > 0);
  const what = 'a second up changes nothing';
  const detail = Object.entries(changes).map(([op, count]) => `${count} ${op}`);
  note({ what, result: others.length === 0 ? 'passed' : 'failed', detail: detail.join(', ') });
}

/** Pauses between attempts of a failing destroy, ms. */
const destroyPausesMs = [5_000, 15_000, 30_000, 60_000];
/** How long the runner of a killed run may take to release the stack: shutdown escalation, lease and margin, ms. */
const busyMs = 300_000;
const busyPauseMs = 1_000;

/**
 * Destroys what a run has built, this one or an earlier one, and asks the cloud what is left. The run is removed from
 * the memory only when nothing is left. Returns the leftovers; `problem` is null if all succeeded.
 */
export async function cleanUp(
  run: RememberedRun,
  { ground, say, memory }: Course & { memory: Memory },
): Promise<{ left: LeftObject[]; problem: string | null }> {
  const { spec } = run;
  say(`destroys ${spec.instanceId}`);
  const problems: string[] = [];
  // Continues with the rest after a failure.
  const tried = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      problems.push(messageOf(error));
      return otherwise;
    }
  };
  await tried(() => destroy(spec, { ground, say }), undefined);
  const mayStillGo = problems.length === 0;
  const listed = await tried(() => listLeft(spec, { ground, mayStillGo }), []);
  await tried(() => ground.revokeLicences(spec.instanceId), undefined);
  const left = listed.map(({ kind, id, resource }) => ({ kind, id, resource }));
  if (problems.length === 0 && left.length === 0) memory.forget(run);
  return { left, problem: problems.length > 0 ? problems.join('; ') : null };
}

async function destroy(spec: PrivateServerSpec, course: Pick<Course, 'ground' | 'say'>): Promise<void> {
  const timeout = monotonic() + busyMs;
  const pauses = [...destroyPausesMs];
  for (;;) {
    try {
      await operate({ kind: 'destroy', spec, recover: true, finalSnapshot: null }, course);
      return;
    } catch (error) {
      const code = error instanceof ReasonError ? error.code : 'stack_failed';
      const isBusy = code === 'stack_busy' && monotonic() < timeout;
      // Not retried where somebody has to act first, such as on a missing permission.
      const mayHelp = reasons[code].retryable || code === 'stack_failed';
      const pause = isBusy ? busyPauseMs : mayHelp ? pauses.shift() : undefined;
      if (pause === undefined) throw error;
      if (!isBusy) course.say(`tries to destroy it again in ${pause / 1_000} s: ${messageOf(error)}`);
      await delay(pause);
    }
  }
}

async function operate(
  operation: Pick<StackRequest, 'kind' | 'spec' | 'identity' | 'recover' | 'finalSnapshot'>,
  { ground, say, signal }: Pick<Course, 'ground' | 'say'> & { signal?: AbortSignal },
): Promise<{ outputs: StackOutputs | null; changes: Record<string, number> }> {
  let changes: Record<string, number> = {};
  const onLine = (line: RunnerLine) => {
    if (line.type === 'result') changes = line.changes;
    for (const text of textOf(line)) say(`  ${text}`);
  };
  const request: StackRequest = { ...operation, stack: `inst-${operation.spec.instanceId}`, delivered: false };
  const outputs = await runStack(request, { env: ground.env, onLine, ...(signal ? { signal } : {}) });
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

/** The message of an error. */
export function messageOf(error: unknown): string {
  if (error instanceof ReasonError) return wordsOf(error.code, error.detail);
  return error instanceof Error ? error.message : String(error);
}

function seconds(began: number): string {
  return `${Math.round((monotonic() - began) / 1_000)} s`;
}
