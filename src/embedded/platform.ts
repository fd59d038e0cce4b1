import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { monotonic } from '../runtime/clock.ts';
import { identify, signalProcess } from '../stacks/processes.ts';
import { chooseDatabase } from './mongo.ts';
import { choosePorts, type Ports, type Service } from './ports.ts';
import { endAll, openProcessRecord } from './process-record.ts';
import {
  type PlatformContext,
  type PlatformUrls,
  platformEnvironment,
  platformProcesses,
  platformUrls,
  projectRoot,
} from './processes.ts';
import {
  FolderBusyError,
  type Keys,
  loadKeys,
  lockStateFolder,
  openStateFolder,
  type StateFolder,
  writeFileSafely,
} from './state-folder.ts';
import { type ProcessEvent, type ProcessSpec, type Supervised, superviseProcess } from './supervised-process.ts';

export type PlatformEvent =
  | (ProcessEvent & { title: string })
  /** Processes that a former platform left running on this folder are stopped first. */
  | { type: 'leftover'; name: string; tookMs: number }
  /** Services whose default port was busy. */
  | { type: 'moved'; services: Service[] }
  | { type: 'stopping'; processes: { name: string; title: string }[] };

export interface PlatformOptions {
  /** Absolute path of the folder that holds all state. */
  stateDir: string;
  /** `usual`: the ports of the last start or the configured ones; `free`: those of the last start or any. */
  ports?: 'usual' | 'free';
  /** Variables added to the environment of our own processes, for instance shorter deadlines. */
  overrides?: Record<string, string>;
  /** Lets tests and campaigns shift the clocks of our own processes while they run (`clockFile` in processes.ts). */
  shiftableClocks?: boolean;
  /** Names of the processes to start, with their dependencies; all if absent. */
  only?: string[];
  env?: NodeJS.ProcessEnv;
  /** Aborts a start in progress, which then fails with the signal's reason. */
  signal?: AbortSignal;
  onEvent?: (event: PlatformEvent) => void;
}

export interface Platform {
  stateDir: string;
  urls: PlatformUrls;
  ports: Ports;
  keys: Keys;
  /** The chosen database, in words. */
  databaseTitle: string;
  /** Addresses and keys under the product's variable names, for clients of this platform. */
  env: Record<string, string>;
  processes: readonly Supervised[];
  /** One process by its name in `processes.ts`. */
  process(name: string): Supervised;
  /** Stops everything in reverse order, the hosts of the small cloud last. */
  stop(): Promise<void>;
}

/** How long a start waits while the leftovers of a killed platform are being stopped, ms. */
const reaperLimitMs = 60_000;

/**
 * Starts the embedded platform on a folder and resolves when every process serves. Processes that die are restarted
 * with backoff. When this process ends without `stop`, however it ends, the reaper stops what it left. Errors, each one
 * sentence: FolderBusyError, NoDatabaseError, MissingToolError, PortError, ClaimsError, StartError.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { env = process.env, onEvent = () => {} } = options;
  const folder = openStateFolder(options.stateDir);
  const lock = await takeFolder(folder);
  let releasePorts = async () => {};
  try {
    const record = openProcessRecord(folder);
    await endAll(record.all(), (name, tookMs) => {
      record.remove(name);
      onEvent({ type: 'leftover', name, tookMs });
    });
    const database = chooseDatabase(folder, env);
    const { ports, moved, release } = await choosePorts({
      file: folder.path('ports.json'),
      env,
      free: options.ports === 'free',
    });
    releasePorts = release;
    if (moved.length > 0) onEvent({ type: 'moved', services: moved });
    const keys = loadKeys(folder);
    const { overrides = {}, shiftableClocks = false } = options;
    const context: PlatformContext = { folder, ports, keys, database, overrides, shiftableClocks, env };
    const specs = chosen(platformProcesses(context), options.only);
    if (database.kind !== 'given') folder.path('mongo', database.kind, 'data');
    folder.path('pulumi', 'state', 'stacks');

    const reaper = startReaper(folder, env);
    const supervised = new Map<string, Supervised>();
    for (const spec of specs) {
      const process = superviseProcess(spec, {
        logFile: folder.path('logs', `${spec.name}.log`),
        cwd: projectRoot,
        record,
        onEvent: (event) => onEvent({ ...event, title: spec.title }),
      });
      supervised.set(spec.name, process);
    }

    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        onEvent({ type: 'stopping', processes: specs.map(({ name, title }) => ({ name, title })) });
        for (const process of supervised.values()) process.release();
        await endHostsWithoutCloud(supervised.get('cloud'));
        await endAll(record.all(), (name) => record.remove(name));
        await Promise.all([...supervised.values()].map((process) => process.stop()));
        reaper.dismiss();
        await releasePorts();
        lock.release();
      })();
      return stopped;
    };

    try {
      await unlessAborted(startInOrder(specs, supervised), options.signal);
    } catch (error) {
      await stop();
      throw error;
    }
    const urls = platformUrls(context);
    // For clients started later, above all the operators' CLI.
    writeFileSafely(folder.path('platform.json'), `${JSON.stringify(urls, null, 2)}\n`);
    return {
      stateDir: folder.root,
      urls,
      ports,
      keys,
      databaseTitle: database.title,
      env: Object.assign({}, ...Object.values(platformEnvironment(context)), {
        STRIPE_PUBLISHABLE_KEY: keys['stripe-publishable-key'],
        FREEHOLD_OPERATOR_TOKEN: keys['operator-token'],
      }),
      processes: [...supervised.values()],
      process(name) {
        const found = supervised.get(name);
        if (!found) throw new RangeError(`no process is called ${name}`);
        return found;
      },
      stop,
    };
  } catch (error) {
    await releasePorts();
    lock.release();
    throw error;
  }
}

async function takeFolder(folder: StateFolder): Promise<{ release(): void }> {
  const deadline = monotonic() + reaperLimitMs;
  for (;;) {
    try {
      return lockStateFolder(folder, 'platform');
    } catch (error) {
      if (!(error instanceof FolderBusyError) || monotonic() > deadline) throw error;
      // Only a live platform is a refusal; the leftovers of a killed one are being stopped and soon gone.
      if (error.owner?.role === 'platform' && identify(error.owner.pid)) throw error;
      await delay(100);
    }
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // If it lost the race, it fails because its processes are being stopped, as requested.
    work.catch(() => {});
  }
}

/** The requested processes and, transitively, their dependencies. */
function chosen(specs: ProcessSpec[], only: string[] | undefined): ProcessSpec[] {
  if (!only) return specs;
  const names = new Set(only);
  for (let size = 0; size !== names.size; ) {
    size = names.size;
    for (const spec of specs) if (names.has(spec.name)) for (const need of spec.needs) names.add(need);
  }
  return specs.filter(({ name }) => names.has(name));
}

/** Starts each process as soon as its dependencies serve; the first failure fails the whole start. */
async function startInOrder(specs: ProcessSpec[], supervised: Map<string, Supervised>): Promise<void> {
  const serving = new Map<string, Promise<void>>();
  const start = (spec: ProcessSpec): Promise<void> => {
    const known = serving.get(spec.name);
    if (known !== undefined) return known;
    const needs = specs.filter(({ name }) => spec.needs.includes(name));
    const started = Promise.all(needs.map(start)).then(() => supervised.get(spec.name)!.start());
    serving.set(spec.name, started);
    return started;
  };
  await Promise.all(specs.map(start));
}

/** Hosts outlive their daemon; if it is down at the end, it is restarted once to stop them. */
async function endHostsWithoutCloud(cloud: Supervised | undefined): Promise<void> {
  if (!cloud?.hasServed || cloud.pid !== undefined) return;
  await cloud.start().catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'StartError')) throw error;
  });
  cloud.release();
}

/**
 * A shell that waits for our end of its pipe to close and then becomes the reaper, which stops every recorded process.
 * It costs next to nothing while it waits, and whatever kills us closes the pipe.
 */
function startReaper(folder: StateFolder, env: NodeJS.ProcessEnv): { dismiss(): void } {
  const node = env.FREEHOLD_NODE || process.execPath;
  const entry = fileURLToPath(new URL('./reaper.ts', import.meta.url));
  const log = openSync(folder.path('logs', 'reaper.log'), 'w', 0o600);
  const shell = spawn(
    '/bin/sh',
    ['-c', 'cat >/dev/null; exec "$@"', 'reaper', node, '--disable-warning=ExperimentalWarning', entry, folder.root],
    { stdio: ['pipe', log, log], detached: true, env: { PATH: env.PATH } },
  );
  closeSync(log);
  shell.unref();
  return {
    dismiss() {
      if (shell.pid !== undefined) signalProcess(-shell.pid, 'SIGKILL');
      shell.stdin?.destroy();
    },
  };
}
