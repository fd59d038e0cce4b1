import { output, runtime, secret } from '@pulumi/pulumi';
import type { OpMap, PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { ReasonError } from '../../contracts/reasons.ts';
import { StackOutputs } from '../../contracts/stack.ts';
import { monotonic } from '../../runtime/clock.ts';
import { declareUnderPolicy } from '../policy/enforce.ts';
import { machinesOf, type PrivateServerOutputs } from '../private-server.ts';
import { volumeName } from '../snapshot-tags.ts';
import { wasKilled } from './engine.ts';
import { createStack, unlocking } from './engine-lock.ts';
import { enrolNodes, reportUpEnded } from './enrolment.ts';
import { takeFinalSnapshots } from './final-snapshots.ts';
import { type Adoption, findOrphans, planOrphans, refuseOrphans, removeOrphans, waitForLists } from './orphans.ts';
import { startPlugins } from './plugins.ts';
import { previewRefresh } from './preview-refresh.ts';
import type { StackContext } from './stack-context.ts';
import { readState } from './stack-state.ts';

export interface Outcome {
  outputs: StackOutputs | null;
  changes: OpMap;
}

const nothing: Adoption = new Map();

/** Runs one Pulumi operation on a stack whose lease is held. */
export async function runOperation(context: StackContext): Promise<Outcome> {
  await context.engine.useCloud(context.cloud);
  switch (context.request.kind) {
    case 'up':
      return up(context);
    case 'refresh':
      return refresh(context);
    case 'preview-refresh':
      return previewDrift(context);
    case 'destroy':
      return destroy(context);
  }
}

async function up(context: StackContext): Promise<Outcome> {
  const { request, settings, engine, reporter } = context;
  const { spec, identity } = request;
  if (!identity) throw new ReasonError('internal', 'up needs an identity');
  const enrolling = enrolNodes(settings, spec, identity);
  // Awaited below; a rejection before that must not end the process.
  enrolling.catch(() => undefined);
  const plugins = startPlugins(context.cloud);
  plugins.catch(() => undefined);

  let adoption = request.recover ? await recover(context) : nothing;
  reporter.phase('enrol');
  await createStack(engine, request.stack);
  const [{ contracts, tokens }] = await Promise.all([enrolling, plugins]);
  for (const token of tokens) context.secrets.add(token);
  const documents = Object.entries(contracts).map(([key, contract]) => [
    key,
    context.cloud.userDataOf(contract, settings),
  ]);
  const userData: UserData = Object.fromEntries(documents);

  for (let isLast = false; ; isLast = true) {
    try {
      if (adoption.size > 0) await importObjects(context, userData, adoption);
      const outcome = await deploy(context, userData);
      const reporting = reportUpEnded(settings, identity).catch((error: unknown) =>
        reporter.log('warning', `the end of up was not reported: ${error instanceof Error ? error.message : error}`),
      );
      await Promise.all([reporting, settleAfterUp(context, outcome)]);
      return outcome;
    } catch (error) {
      // A create whose reply was lost can block its own repetition; once it is removed, the next attempt succeeds.
      if (isLast || context.signal.aborted || !(await isRecoverable(context, error))) throw error;
      reporter.forgetErrors();
      adoption = await recover(context);
    }
  }
}

type UserData = Readonly<Record<string, string>>;

interface Deployed extends Outcome {
  /** Ids of the objects that existed at the end of the engine's run, and of those that it deleted. */
  known: ReadonlySet<string>;
  gone: ReadonlySet<string>;
  /** When the engine finished its last create, monotonic ms; null if there was none. */
  createdAt: number | null;
}

/** One `up` of the engine. */
async function deploy(context: StackContext, userData: UserData): Promise<Deployed> {
  const { request, engine, reporter, cloud } = context;
  context.signal.throwIfAborted();
  reporter.phase('up');
  let outputs: StackOutputs | null = null;
  const refusal: Refusal = {};
  const program: PulumiFn = async () => {
    const declared = await declare(context, { userData, refusal });
    keep(declared, (known) => {
      outputs = known;
    });
    return declared;
  };
  const progress = reporter.follow({
    ...{ kind: 'up', typePrefix: cloud.typePrefix, total: cloud.resourceCount(request.spec) },
  });
  const stack = await engine.stack(request.stack, program);
  await unlocking(stack, () => stack.up({ ...plain(context), onEvent: progress.onEvent })).catch(reasonFirst(refusal));
  if (!outputs) throw new ReasonError('stack_failed', 'the program gave no outputs');
  return { outputs, changes: progress.changes(), ...progress.objects() };
}

/**
 * Imports objects into the state under their logical names, as they are: differences from the spec are left to the next
 * up, because the engine refuses to import an object that differs.
 */
async function importObjects(context: StackContext, userData: UserData, adoption: Adoption): Promise<void> {
  const { request, engine, reporter, cloud } = context;
  context.signal.throwIfAborted();
  reporter.phase('import');
  for (const [name, id] of adoption) reporter.log('warning', `imports ${name} (${id}), which is in no state`);
  const refusal: Refusal = {};
  const program: PulumiFn = async () => {
    runtime.registerStackTransformation(({ type, name, props, opts }) => {
      const id = type.startsWith(cloud.typePrefix) ? adoption.get(name) : undefined;
      return id ? { props, opts: { ...opts, import: id, ignoreChanges: Object.keys(props) } } : undefined;
    });
    return declare(context, { userData, refusal });
  };
  const total = cloud.resourceCount(request.spec);
  const progress = reporter.follow({ kind: 'up', typePrefix: cloud.typePrefix, total, silent: true });
  const stack = await engine.stack(request.stack, program);
  await unlocking(stack, () => stack.up({ ...plain(context), onEvent: progress.onEvent })).catch(reasonFirst(refusal));
}

/**
 * Compares the cloud with the engine's result: on a cloud without create tokens, a create repeated within the same up,
 * because its reply was lost, made a second object.
 */
async function settleAfterUp(context: StackContext, { known, gone, createdAt }: Deployed): Promise<void> {
  if (createdAt !== null) await waitForLists(context, monotonic() - createdAt);
  const suspects = await findOrphans(context, new Set([...known, ...gone]));
  if (suspects.length === 0) return;
  // Nothing is deleted because of events alone.
  const state = await readState(context);
  const orphans = suspects.filter(({ id }) => !state?.ids.has(id));
  const { remove } = planOrphans(orphans, { takenNames: new Set(), delivered: context.request.delivered });
  await removeOrphans(context, remove);
  refuseOrphans(orphans.filter((object) => !remove.includes(object)));
}

/** Whether an up failed although all its processes ran, and left objects missing from its state. */
async function isRecoverable(context: StackContext, error: unknown): Promise<boolean> {
  if (wasKilled(error) || error instanceof ReasonError || context.reporter.lostProvider()) return false;
  try {
    await waitForLists(context);
    const state = await readState(context);
    return (await findOrphans(context, state?.ids ?? new Set())).length > 0;
  } catch {
    // The first failure is the one to report.
    return false;
  }
}

async function refresh(context: StackContext, options: { silent?: boolean } = {}): Promise<Outcome> {
  const { request, engine, reporter, cloud } = context;
  reporter.phase('refresh');
  const total = cloud.resourceCount(request.spec);
  const progress = reporter.follow({ kind: 'refresh', typePrefix: cloud.typePrefix, total, ...options });
  const stack = await engine.stack(request.stack, placeholderProgram(context, { protect: true }));
  await unlocking(stack, () =>
    stack.refresh({ ...plain(context), onEvent: progress.onEvent, clearPendingCreates: true, runProgram: true }),
  );
  return { outputs: null, changes: progress.changes() };
}

/** Reports differences between the cloud and the state; changes nothing. */
async function previewDrift(context: StackContext): Promise<Outcome> {
  const drift = await previewRefresh(context, placeholderProgram(context, { protect: true }));
  context.reporter.write({ type: 'drift', ...drift });
  return { outputs: null, changes: {} };
}

/**
 * Deletes everything of the instance, including volumes and objects missing from the state. If final snapshots are
 * requested, nothing is deleted before they are complete.
 */
async function destroy(context: StackContext): Promise<Outcome> {
  const { request, engine, reporter, cloud } = context;
  const { finalSnapshot } = request;
  if (finalSnapshot === undefined) throw new ReasonError('internal', 'destroy needs a choice about final snapshots');
  let changes: OpMap = {};
  if (request.recover) await waitForLists(context);
  // An interrupted attempt may have left the engine's lock without a stack; it is removed with the stack.
  if (!context.clean) await createStack(engine, request.stack);
  const state = await readState(context);
  if (finalSnapshot) await takeFinalSnapshots(context, state?.volumes ?? [], finalSnapshot);
  if (state) {
    reporter.phase('destroy');
    // Objects missing from the state may use objects in it, so they are deleted first.
    await removeOrphans(context, await findOrphans(context, state.ids));
    if (state.pending) await refresh(context, { silent: true });
    const stack = await engine.stack(request.stack, placeholderProgram(context, { protect: false }));
    if (!state.isEmpty) {
      await unlocking(stack, () => engine.run(['state', 'unprotect', '--all', '--yes', '--stack', request.stack]));
      const progress = reporter.follow({ kind: 'destroy', typePrefix: cloud.typePrefix, total: state.ids.size });
      await unlocking(stack, () => stack.destroy({ ...plain(context), onEvent: progress.onEvent, runProgram: true }));
      changes = progress.changes();
    }
    context.signal.throwIfAborted();
    await unlocking(stack, () => engine.run(['stack', 'rm', '--yes', '--stack', request.stack]));
  }
  reporter.phase('sweep');
  await removeOrphans(context, await findOrphans(context, new Set()));
  return { outputs: null, changes };
}

/**
 * Recovers a stack after an attempt that did not end cleanly: handles objects missing from the state, and removes
 * missing objects and pending operations from the state. Returns what the next up must import. Throws `unknown_objects`
 * or `volume_gone` if an operator must decide.
 */
async function recover(context: StackContext): Promise<Adoption> {
  const { delivered } = context.request;
  context.reporter.phase('recover');
  await waitForLists(context);
  const before = await readState(context);
  // Before the pivot orphans are deleted first, because they may block the repairs of a refresh or an up.
  if (!delivered) await removeOrphans(context, await findOrphans(context, before?.ids ?? new Set()));
  if (before && (before.pending || before.ids.size > 0)) await refresh(context, { silent: true });
  if (!delivered) return nothing;
  // A logical name is free only after the refreshed state has dropped it: an import under a taken name replaces its
  // object.
  const after = await readState(context);
  const orphans = await findOrphans(context, after?.ids ?? new Set());
  const { adopt, leave } = planOrphans(orphans, { takenNames: after?.names ?? new Set(), delivered });
  const restored = context.request.acceptRestored ? [...adopt.keys()].filter((name) => volumeName.test(name)) : [];
  requireVolumes(context.request.requiredVolumeIds ?? [], {
    there: new Set([...(after?.ids ?? []), ...orphans.map(({ id }) => id)]),
    restored: restored.length,
  });
  refuseOrphans(leave);
  return adopt;
}

/**
 * Throws `volume_gone` if a required volume is missing and none was restored in its place: an up would create an empty
 * one instead.
 */
function requireVolumes(
  requiredVolumeIds: readonly string[],
  { there, restored }: { there: ReadonlySet<string>; restored: number },
): void {
  const gone = requiredVolumeIds.filter((id) => !there.has(id));
  if (gone.length > restored) throw new ReasonError('volume_gone', gone.join(', '));
}

/** Options of every engine run. */
function plain({ signal }: StackContext) {
  return { signal, showSecrets: false, suppressProgress: true };
}

/** What a program refused itself, before the engine turned it into text. */
interface Refusal {
  reason?: ReasonError;
}

const reasonFirst = (refusal: Refusal) => (error: unknown) => {
  throw refusal.reason ?? error;
};

async function declare(
  { cloud, request, secrets }: StackContext,
  { userData, refusal }: { userData: UserData; refusal: Refusal },
): Promise<PrivateServerOutputs> {
  const hidden = Object.fromEntries(Object.entries(userData).map(([key, text]) => [key, secret(text)]));
  const args = { spec: request.spec, userData: hidden, protect: true, findImages: true, env: process.env };
  try {
    return await declareUnderPolicy(() => cloud.declare(args), { spec: request.spec, secrets });
  } catch (error) {
    if (error instanceof ReasonError) refusal.reason = error;
    throw error;
  }
}

/** The program of refresh, preview and destroy: the same resources, with placeholder user data. */
function placeholderProgram({ cloud, request }: StackContext, { protect }: { protect: boolean }): PulumiFn {
  return async () => {
    const userData = Object.fromEntries(machinesOf(request.spec).map(({ key }) => [key, secret('')]));
    return cloud.declare({ spec: request.spec, userData, protect, findImages: false, env: process.env });
  };
}

function keep(declared: PrivateServerOutputs, take: (outputs: StackOutputs) => void): void {
  output({ ...declared }).apply((outputs) => take(StackOutputs.parse(outputs)));
}
