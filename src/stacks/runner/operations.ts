import { secret } from '@pulumi/pulumi';
import {
  ConcurrentUpdateError,
  type OpMap,
  type PulumiFn,
  type Stack,
  StackAlreadyExistsError,
} from '@pulumi/pulumi/automation/index.js';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { StackOutputs, type StackRequest } from '../../contracts/stack.ts';
import type { CloudStacks, PrivateServerOutputs } from '../private-server.ts';
import { type Engine, isLocked } from './engine.ts';
import { enrolNodes, reportUpEnded } from './enrolment.ts';
import { startPlugins } from './plugins.ts';
import type { Reporter } from './reporter.ts';
import type { RunnerSettings } from './settings.ts';

/** What an operation works with. */
export interface Bench {
  request: StackRequest;
  settings: RunnerSettings;
  engine: Engine;
  cloud: CloudStacks;
  reporter: Reporter;
  /** Values that must never show; grows with what the operation learns. */
  secrets: Set<string>;
  /** Aborted when the operation has to stop. */
  signal: AbortSignal;
}

export interface Outcome {
  outputs: StackOutputs | null;
  changes: OpMap;
}

/** Runs one Pulumi operation on a stack whose lease is held. */
export async function runOperation(bench: Bench): Promise<Outcome> {
  await bench.engine.useCloud(bench.cloud);
  switch (bench.request.kind) {
    case 'up':
      return up(bench);
    case 'refresh':
      return refresh(bench);
    case 'destroy':
      return destroy(bench);
  }
}

async function up(bench: Bench): Promise<Outcome> {
  const { request, settings, engine, reporter } = bench;
  const { spec, identity, stack: name } = request;
  if (!identity) throw new ReasonError('internal', 'up needs an identity');
  const enrolling = enrolNodes(settings, spec, identity);
  // Awaited below; a refusal must not end the process before that.
  enrolling.catch(() => undefined);
  const plugins = startPlugins(bench.cloud);
  plugins.catch(() => undefined);

  if (request.recover) await recover(bench);
  reporter.phase('enrol');
  await createStack(engine, name);
  const [{ userData, tokens }] = await Promise.all([enrolling, plugins]);
  for (const token of tokens) bench.secrets.add(token);
  bench.signal.throwIfAborted();

  reporter.phase('up');
  let outputs: StackOutputs | null = null;
  const program: PulumiFn = async () => {
    const secrets = Object.entries(userData).map(([node, text]) => [node, secret(text)]);
    const declared = bench.cloud.declare({ spec, userData: Object.fromEntries(secrets), protect: true });
    keep(declared, (known) => {
      outputs = known;
    });
    return declared;
  };
  const total = bench.cloud.resourceCount(spec);
  const progress = reporter.follow({ kind: 'up', typePrefix: bench.cloud.typePrefix, total });
  const stack = await engine.stack(name, program);
  await unlocking(stack, () =>
    stack.up({ onEvent: progress.onEvent, signal: bench.signal, showSecrets: false, suppressProgress: true }),
  );
  if (!outputs) throw new ReasonError('stack_failed', 'the program gave no outputs');
  await reportUpEnded(settings, identity).catch((error: unknown) =>
    reporter.log('warning', `the end of up was not reported: ${error instanceof Error ? error.message : error}`),
  );
  return { outputs, changes: progress.changes() };
}

async function refresh(bench: Bench, options: { silent?: boolean } = {}): Promise<Outcome> {
  const { request, engine, reporter, cloud } = bench;
  reporter.phase('refresh');
  const total = cloud.resourceCount(request.spec);
  const progress = reporter.follow({ kind: 'refresh', typePrefix: cloud.typePrefix, total, ...options });
  const stack = await engine.stack(request.stack, standIn(bench, { protect: true }));
  await unlocking(stack, () =>
    stack.refresh({
      onEvent: progress.onEvent,
      signal: bench.signal,
      clearPendingCreates: true,
      runProgram: true,
      showSecrets: false,
      suppressProgress: true,
    }),
  );
  return { outputs: null, changes: progress.changes() };
}

async function destroy(bench: Bench): Promise<Outcome> {
  const { request, engine, reporter, cloud } = bench;
  let changes: OpMap = {};
  const state = await exportState(bench);
  if (state) {
    reporter.phase('destroy');
    // What the state does not know may use what it knows, so it goes first.
    await sweep(bench, state.ids);
    if (state.pending) await refresh(bench, { silent: true });
    const stack = await engine.stack(request.stack, standIn(bench, { protect: false }));
    if (state.ids.size > 0) {
      await unlocking(stack, () => engine.run(['state', 'unprotect', '--all', '--yes', '--stack', request.stack]));
      const progress = reporter.follow({ kind: 'destroy', typePrefix: cloud.typePrefix, total: state.ids.size });
      const options = { signal: bench.signal, runProgram: true, showSecrets: false, suppressProgress: true };
      await unlocking(stack, () => stack.destroy({ ...options, onEvent: progress.onEvent }));
      changes = progress.changes();
    }
    bench.signal.throwIfAborted();
    await unlocking(stack, () => engine.run(['stack', 'rm', '--yes', '--stack', request.stack]));
  }
  reporter.phase('sweep');
  await sweep(bench, new Set());
  return { outputs: null, changes };
}

/**
 * Puts a stack in order after an attempt that did not end cleanly, before the pivot: removes what the state does not
 * know, and lets the state forget what it only believes to have begun.
 */
async function recover(bench: Bench): Promise<void> {
  bench.reporter.phase('recover');
  const state = await exportState(bench);
  await sweep(bench, state?.ids ?? new Set());
  if (state && (state.pending || state.ids.size > 0)) await refresh(bench, { silent: true });
}

/** Removes every object of the instance that is not known. */
async function sweep({ request, cloud, reporter, signal }: Bench, known: Set<string>): Promise<void> {
  const inventory = cloud.inventory(process.env);
  try {
    for (const object of await inventory.list(request.spec.instanceId)) {
      if (known.has(object.id)) continue;
      signal.throwIfAborted();
      reporter.log('warning', `removes ${object.kind} ${object.resource} (${object.id}), which is in no state`);
      await inventory.remove(object);
    }
  } finally {
    inventory.close();
  }
}

const Exported = z.object({
  deployment: z
    .object({
      resources: z.array(z.object({ type: z.string(), id: z.string().optional() })).optional(),
      pending_operations: z.array(z.unknown()).nullish(),
    })
    .nullish(),
});

interface State {
  /** Ids at the cloud that the state knows. */
  ids: Set<string>;
  /** Whether it holds operations of which nobody knows how they ended. */
  pending: boolean;
}

/** What the state of a stack holds of its cloud; null without a stack. */
async function exportState({ engine, request, cloud }: Bench): Promise<State | null> {
  if (!(await engine.exists(request.stack))) return null;
  const text = await engine.run(['stack', 'export', '--stack', request.stack]);
  const { deployment } = Exported.parse(JSON.parse(text));
  const ids = new Set<string>();
  for (const { type, id } of deployment?.resources ?? []) if (id && type.startsWith(cloud.typePrefix)) ids.add(id);
  return { ids, pending: (deployment?.pending_operations ?? []).length > 0 };
}

async function createStack(engine: Engine, name: string): Promise<void> {
  try {
    await engine.create(name);
  } catch (error) {
    if (!(error instanceof StackAlreadyExistsError)) throw error;
  }
}

/**
 * Runs work that needs the engine's own lock. A lock that is met belongs to a process that is gone, because this runner
 * holds the lease; it is removed and the work tried once more.
 */
async function unlocking<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConcurrentUpdateError || isLocked(error))) throw error;
    await stack.cancel();
    return work();
  }
}

/** The program of refresh and destroy: the same resources, and user data that nobody reads. */
function standIn({ cloud, request }: Bench, { protect }: { protect: boolean }): PulumiFn {
  return async () => {
    const userData = request.spec.nodes.map(({ name }) => [name, secret('')]);
    return cloud.declare({ spec: request.spec, userData: Object.fromEntries(userData), protect });
  };
}

function keep(declared: PrivateServerOutputs, take: (outputs: StackOutputs) => void): void {
  const { addresses, hostnames, volumeIds, serverIds } = declared;
  addresses.apply((a) =>
    hostnames.apply((h) =>
      volumeIds.apply((v) =>
        serverIds.apply((s) => take(StackOutputs.parse({ addresses: a, hostnames: h, volumeIds: v, serverIds: s }))),
      ),
    ),
  );
}
