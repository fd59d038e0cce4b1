import { output, runtime, secret } from '@pulumi/pulumi';
import type { OpMap, PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { ReasonError } from '../../contracts/reasons.ts';
import { StackOutputs } from '../../contracts/stack.ts';
import { monotonic } from '../../runtime/clock.ts';
import { declareUnderPolicy } from '../policy/enforce.ts';
import { machinesOf, type PrivateServerOutputs } from '../private-server.ts';
import { wasKilled } from './engine.ts';
import { createStack, unlocking } from './engine-lock.ts';
import { enrolNodes, reportUpEnded } from './enrolment.ts';
import { takeFinalSnapshots } from './final-snapshots.ts';
import { type Adoption, findOrphans, planOrphans, refuseOrphans, removeOrphans, waitForLists } from './orphans.ts';
import { startPlugins } from './plugins.ts';
import { lookForDrift } from './preview-refresh.ts';
import type { Bench } from './stack-context.ts';
import { readState } from './stack-state.ts';

export interface Outcome {
  outputs: StackOutputs | null;
  changes: OpMap;
}

const nothing: Adoption = new Map();

/** Runs one Pulumi operation on a stack whose lease is held. */
export async function runOperation(bench: Bench): Promise<Outcome> {
  await bench.engine.useCloud(bench.cloud);
  switch (bench.request.kind) {
    case 'up':
      return up(bench);
    case 'refresh':
      return refresh(bench);
    case 'look':
      return look(bench);
    case 'destroy':
      return destroy(bench);
  }
}

async function up(bench: Bench): Promise<Outcome> {
  const { request, settings, engine, reporter } = bench;
  const { spec, identity } = request;
  if (!identity) throw new ReasonError('internal', 'up needs an identity');
  const enrolling = enrolNodes(settings, spec, identity);
  // Awaited below; a refusal must not end the process before that.
  enrolling.catch(() => undefined);
  const plugins = startPlugins(bench.cloud);
  plugins.catch(() => undefined);

  let adoption = request.recover ? await recover(bench) : nothing;
  reporter.phase('enrol');
  await createStack(engine, request.stack);
  const [{ contracts, tokens }] = await Promise.all([enrolling, plugins]);
  for (const token of tokens) bench.secrets.add(token);
  const documents = Object.entries(contracts).map(([key, contract]) => [
    key,
    bench.cloud.userDataOf(contract, settings),
  ]);
  const userData: UserData = Object.fromEntries(documents);

  for (let isLast = false; ; isLast = true) {
    try {
      if (adoption.size > 0) await importObjects(bench, userData, adoption);
      const outcome = await deploy(bench, userData);
      const reporting = reportUpEnded(settings, identity).catch((error: unknown) =>
        reporter.log('warning', `the end of up was not reported: ${error instanceof Error ? error.message : error}`),
      );
      await Promise.all([reporting, settleAfterUp(bench, outcome)]);
      return outcome;
    } catch (error) {
      // A create whose reply was lost can stand in its own repeat's way; without it the next try goes through.
      if (isLast || bench.signal.aborted || !(await mayBeMended(bench, error))) throw error;
      reporter.forgive();
      adoption = await recover(bench);
    }
  }
}

type UserData = Readonly<Record<string, string>>;

interface Deployed extends Outcome {
  /** Ids of the objects that the engine ended with, and of those that it deleted. */
  known: ReadonlySet<string>;
  gone: ReadonlySet<string>;
  /** When the engine ended its last create, monotonic ms; null when there was none. */
  createdAt: number | null;
}

/** One `up` of the engine. */
async function deploy(bench: Bench, userData: UserData): Promise<Deployed> {
  const { request, engine, reporter, cloud } = bench;
  bench.signal.throwIfAborted();
  reporter.phase('up');
  let outputs: StackOutputs | null = null;
  const refusal: Refusal = {};
  const program: PulumiFn = async () => {
    const declared = await declare(bench, { userData, refusal });
    keep(declared, (known) => {
      outputs = known;
    });
    return declared;
  };
  const progress = reporter.follow({
    ...{ kind: 'up', typePrefix: cloud.typePrefix, total: cloud.resourceCount(request.spec) },
  });
  const stack = await engine.stack(request.stack, program);
  await unlocking(stack, () => stack.up({ ...plain(bench), onEvent: progress.onEvent })).catch(reasonFirst(refusal));
  if (!outputs) throw new ReasonError('stack_failed', 'the program gave no outputs');
  return { outputs, changes: progress.changes(), ...progress.objects() };
}

/**
 * Takes objects into the state under their logical names, as they are: what the wish changes about them is the next
 * up's work, because the engine refuses to take over an object that differs from it.
 */
async function importObjects(bench: Bench, userData: UserData, adoption: Adoption): Promise<void> {
  const { request, engine, reporter, cloud } = bench;
  bench.signal.throwIfAborted();
  reporter.phase('import');
  for (const [name, id] of adoption) reporter.log('warning', `takes over ${name} (${id}), which is in no state`);
  const refusal: Refusal = {};
  const program: PulumiFn = async () => {
    runtime.registerStackTransformation(({ type, name, props, opts }) => {
      const id = type.startsWith(cloud.typePrefix) ? adoption.get(name) : undefined;
      return id ? { props, opts: { ...opts, import: id, ignoreChanges: Object.keys(props) } } : undefined;
    });
    return declare(bench, { userData, refusal });
  };
  const total = cloud.resourceCount(request.spec);
  const progress = reporter.follow({ kind: 'up', typePrefix: cloud.typePrefix, total, silent: true });
  const stack = await engine.stack(request.stack, program);
  await unlocking(stack, () => stack.up({ ...plain(bench), onEvent: progress.onEvent })).catch(reasonFirst(refusal));
}

/**
 * Compares the cloud with what the engine ended with: a create that was repeated inside of the same up, because its
 * reply was lost, made a second object where the cloud has no create tokens.
 */
async function settleAfterUp(bench: Bench, { known, gone, createdAt }: Deployed): Promise<void> {
  if (createdAt !== null) await waitForLists(bench, monotonic() - createdAt);
  const suspects = await findOrphans(bench, new Set([...known, ...gone]));
  if (suspects.length === 0) return;
  // Nothing is removed on the word of events alone.
  const state = await readState(bench);
  const orphans = suspects.filter(({ id }) => !state?.ids.has(id));
  const { remove } = planOrphans(orphans, { takenNames: new Set(), pivotBehind: bench.request.pivotBehind });
  await removeOrphans(bench, remove);
  refuseOrphans(orphans.filter((object) => !remove.includes(object)));
}

/** Whether an up failed with all its processes well, and left objects that its state does not know. */
async function mayBeMended(bench: Bench, error: unknown): Promise<boolean> {
  if (wasKilled(error) || error instanceof ReasonError || bench.reporter.lostProvider()) return false;
  try {
    await waitForLists(bench);
    const state = await readState(bench);
    return (await findOrphans(bench, state?.ids ?? new Set())).length > 0;
  } catch {
    // The first failure is the one to tell.
    return false;
  }
}

async function refresh(bench: Bench, options: { silent?: boolean } = {}): Promise<Outcome> {
  const { request, engine, reporter, cloud } = bench;
  reporter.phase('refresh');
  const total = cloud.resourceCount(request.spec);
  const progress = reporter.follow({ kind: 'refresh', typePrefix: cloud.typePrefix, total, ...options });
  const stack = await engine.stack(request.stack, standIn(bench, { protect: true }));
  await unlocking(stack, () =>
    stack.refresh({ ...plain(bench), onEvent: progress.onEvent, clearPendingCreates: true, runProgram: true }),
  );
  return { outputs: null, changes: progress.changes() };
}

/** Tells what is not at the cloud as the state has it; touches nothing. */
async function look(bench: Bench): Promise<Outcome> {
  const drift = await lookForDrift(bench, standIn(bench, { protect: true }));
  bench.reporter.write({ type: 'drift', ...drift });
  return { outputs: null, changes: {} };
}

/**
 * Removes everything of the instance, volumes and what no state knows included: that is what destroying it means. Where
 * final snapshots are wished, nothing goes before they are complete.
 */
async function destroy(bench: Bench): Promise<Outcome> {
  const { request, engine, reporter, cloud } = bench;
  const { finalSnapshot } = request;
  if (finalSnapshot === undefined) throw new ReasonError('internal', 'destroy needs a choice about final snapshots');
  let changes: OpMap = {};
  if (request.recover) await waitForLists(bench);
  // What died may have left the engine's lock without a stack; it goes with the stack.
  if (!bench.clean) await createStack(engine, request.stack);
  const state = await readState(bench);
  if (finalSnapshot) await takeFinalSnapshots(bench, state?.volumes ?? [], finalSnapshot);
  if (state) {
    reporter.phase('destroy');
    // What the state does not know may use what it knows, so it goes first.
    await removeOrphans(bench, await findOrphans(bench, state.ids));
    if (state.pending) await refresh(bench, { silent: true });
    const stack = await engine.stack(request.stack, standIn(bench, { protect: false }));
    if (!state.isEmpty) {
      await unlocking(stack, () => engine.run(['state', 'unprotect', '--all', '--yes', '--stack', request.stack]));
      const progress = reporter.follow({ kind: 'destroy', typePrefix: cloud.typePrefix, total: state.ids.size });
      await unlocking(stack, () => stack.destroy({ ...plain(bench), onEvent: progress.onEvent, runProgram: true }));
      changes = progress.changes();
    }
    bench.signal.throwIfAborted();
    await unlocking(stack, () => engine.run(['stack', 'rm', '--yes', '--stack', request.stack]));
  }
  reporter.phase('sweep');
  await removeOrphans(bench, await findOrphans(bench, new Set()));
  return { outputs: null, changes };
}

/**
 * Puts a stack in order after an attempt that did not end cleanly: deals with what the state does not know, and lets the
 * state forget what it only believes to be there or to have begun. Answers what the next up must take over. Throws
 * `unknown_objects` or `volume_gone` where an operator must look.
 */
async function recover(bench: Bench): Promise<Adoption> {
  const { pivotBehind } = bench.request;
  bench.reporter.phase('recover');
  await waitForLists(bench);
  const before = await readState(bench);
  // Before the pivot orphans go first, because they may stand in the way of what a refresh or an up repairs.
  if (!pivotBehind) await removeOrphans(bench, await findOrphans(bench, before?.ids ?? new Set()));
  if (before && (before.pending || before.ids.size > 0)) await refresh(bench, { silent: true });
  if (!pivotBehind) return nothing;
  // A name is free only when the refreshed state has let it go: an import under a taken name replaces its object.
  const after = await readState(bench);
  const orphans = await findOrphans(bench, after?.ids ?? new Set());
  refuseLosses(bench.request.keeps ?? [], new Set([...(after?.ids ?? []), ...orphans.map(({ id }) => id)]));
  const { adopt, leave } = planOrphans(orphans, { takenNames: after?.names ?? new Set(), pivotBehind });
  refuseOrphans(leave);
  return adopt;
}

/** Throws `volume_gone` when something that must be there is not: an up would make an empty one in its place. */
function refuseLosses(keeps: readonly string[], there: ReadonlySet<string>): void {
  const gone = keeps.filter((id) => !there.has(id));
  if (gone.length > 0) throw new ReasonError('volume_gone', gone.join(', '));
}

/** What every run of the engine is given. */
function plain({ signal }: Bench) {
  return { signal, showSecrets: false, suppressProgress: true };
}

/** What a program refused by itself, before the engine made words of it. */
interface Refusal {
  reason?: ReasonError;
}

const reasonFirst = (refusal: Refusal) => (error: unknown) => {
  throw refusal.reason ?? error;
};

async function declare(
  { cloud, request, secrets }: Bench,
  { userData, refusal }: { userData: UserData; refusal: Refusal },
): Promise<PrivateServerOutputs> {
  const hidden = Object.fromEntries(Object.entries(userData).map(([key, text]) => [key, secret(text)]));
  const args = { spec: request.spec, userData: hidden, protect: true, lookUp: true, env: process.env };
  try {
    return await declareUnderPolicy(() => cloud.declare(args), { spec: request.spec, secrets });
  } catch (error) {
    if (error instanceof ReasonError) refusal.reason = error;
    throw error;
  }
}

/** The program of refresh, look and destroy: the same resources, and user data that nobody reads. */
function standIn({ cloud, request }: Bench, { protect }: { protect: boolean }): PulumiFn {
  return async () => {
    const userData = Object.fromEntries(machinesOf(request.spec).map(({ key }) => [key, secret('')]));
    return cloud.declare({ spec: request.spec, userData, protect, lookUp: false, env: process.env });
  };
}

function keep(declared: PrivateServerOutputs, take: (outputs: StackOutputs) => void): void {
  output({ ...declared }).apply((outputs) => take(StackOutputs.parse(outputs)));
}
