import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../runtime/clock.ts';
import { identify, signalProcess } from '../stacks/processes.ts';
import { isFree, PortError } from './ports.ts';
import { endProcess, type ProcessRecord, type RecordedProcess } from './process-record.ts';

/** One process of the platform: how it is started, its dependencies, and its readiness check. */
export interface ProcessSpec {
  name: string;
  /** The name shown to readers. */
  title: string;
  command: string;
  args: string[];
  /** Its whole environment, besides the few variables that every process gets. */
  env: Record<string, string>;
  /** Names of processes that must serve before this one starts, and that outlive it. */
  needs: string[];
  /** Loopback ports on which it listens. */
  ports: number[];
  /** Polled until it is true; `output` is what the process has written so far. */
  ready: (life: { output: string; signal: AbortSignal }) => boolean | Promise<boolean>;
  /** How long it may take to stop after SIGTERM, ms. */
  graceMs: number;
  shutdown?: RecordedProcess['shutdown'];
  leavesDescendants?: boolean;
}

export type ProcessEvent =
  | { type: 'starting' | 'stopped'; name: string }
  | { type: 'ready'; name: string; tookMs: number }
  | { type: 'died'; name: string; how: string; againInMs: number | null };

/** A process could not be started: the sentence says how it ended, `tail` has its last lines. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly tail: string[];

  constructor(title: string, how: string, logFile: string, tail: string[]) {
    super(`${title} could not be started: it ${how}. Its log is ${logFile}.`);
    this.tail = tail;
  }
}

export interface Supervised {
  readonly name: string;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  readonly logFile: string;
  /** Whether it ever served. */
  readonly hasServed: boolean;
  /** Starts it; resolves when it serves. Errors: StartError; PortError if another program has one of its ports. */
  start(): Promise<void>;
  /** Resolves when it serves (again). */
  ready(): Promise<void>;
  /** Stops it in order and does not restart it. */
  stop(): Promise<void>;
  /** Stops it and starts it. */
  restart(): Promise<void>;
  /**
   * Sends a signal, as a fault would; if the process ends, it is restarted. SIGKILL and SIGTERM: resolves when it has
   * ended.
   */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops supervising it; the caller stops the process. */
  release(): void;
}

const readyPollMs = 20;
const readyLimitMs = 60_000;
/** Starts that may fail in a row before the first success. */
const firstStarts = 3;
const backOffMs = { first: 200, most: 10_000 };
/** A run this long counts as a success and resets the backoff. */
const stableMs = 10_000;

interface Life {
  pid: number;
  exited: Promise<string>;
  ended: AbortSignal;
  output(): string;
}

/** Keeps one process running: starts it, waits until it serves, restarts it with backoff when it dies. */
export function superviseProcess(
  spec: ProcessSpec,
  options: { logFile: string; cwd: string; record: ProcessRecord; onEvent: (event: ProcessEvent) => void },
): Supervised {
  const { logFile, record, onEvent } = options;
  let wanted = false;
  let hasServed = false;
  let life: Life | undefined;
  let running: Promise<void> = Promise.resolve();
  let serving = Promise.withResolvers<void>();
  let wake = new AbortController();
  serving.promise.catch(() => {});
  rotate(logFile);

  function launch(): Life {
    const log = openSync(logFile, 'a', 0o600);
    const offset = statSync(logFile).size;
    const child = spawn(spec.command, spec.args, {
      cwd: options.cwd,
      env: spec.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const ended = new AbortController();
    const exited = once(child, 'exit').then(
      ([code, signal]) => (signal ? `was ended by ${signal}` : `ended with code ${code}`),
      (error: Error) => `could not be executed (${error.message})`,
    );
    const { pid } = child;
    const identity = pid === undefined ? null : identify(pid);
    if (identity) {
      const { name, needs, graceMs, shutdown, leavesDescendants = false } = spec;
      record.set({ name, ...identity, needs, graceMs, shutdown, leavesDescendants });
    }
    const over = exited.then((how) => {
      record.remove(spec.name);
      ended.abort();
      return how;
    });
    return { pid: pid ?? 0, exited: over, ended: ended.signal, output: () => readFrom(logFile, offset) };
  }

  async function becomeReady(current: Life): Promise<string | null> {
    const deadline = monotonic() + readyLimitMs;
    while (!current.ended.aborted) {
      if (await spec.ready({ output: current.output(), signal: current.ended })) return null;
      if (monotonic() > deadline) {
        signalProcess(current.pid, 'SIGKILL');
        await current.exited;
        return `did not serve within ${readyLimitMs / 1000} seconds`;
      }
      await delay(readyPollMs);
    }
    return await current.exited;
  }

  async function keepRunning(): Promise<void> {
    let failures = 0;
    while (wanted) {
      const busy = hasServed ? undefined : await firstBusy(spec.ports);
      if (busy !== undefined) {
        wanted = false;
        serving.reject(
          new PortError(
            `Port ${busy}, chosen for ${spec.title}, was taken by another program meanwhile: start again to get another.`,
          ),
        );
        return;
      }
      const began = monotonic();
      onEvent({ type: 'starting', name: spec.name });
      life = launch();
      const failure = await becomeReady(life);
      if (failure === null) {
        hasServed = true;
        onEvent({ type: 'ready', name: spec.name, tookMs: monotonic() - began });
        serving.resolve();
      }
      const how = failure ?? (await life.exited);
      const last = life;
      life = undefined;
      if (!wanted) break;
      if (failure === null) {
        serving = Promise.withResolvers();
        serving.promise.catch(() => {});
      }
      failures = monotonic() - began > stableMs ? 0 : failures + 1;
      const giveUp = !hasServed && failures >= firstStarts;
      const againInMs = giveUp ? null : Math.min(backOffMs.most, backOffMs.first * 2 ** Math.max(0, failures - 1));
      onEvent({ type: 'died', name: spec.name, how, againInMs });
      if (againInMs === null) {
        wanted = false;
        const tail = last.output().trimEnd().split('\n').slice(-12);
        serving.reject(new StartError(spec.title, how, logFile, tail));
        return;
      }
      await delay(againInMs, undefined, { signal: wake.signal }).catch(() => {});
    }
    serving.reject(new StartError(spec.title, 'was stopped', logFile, []));
    onEvent({ type: 'stopped', name: spec.name });
  }

  const supervised: Supervised = {
    name: spec.name,
    logFile,
    get hasServed() {
      return hasServed;
    },
    get pid() {
      return life?.pid;
    },
    async start() {
      if (!wanted) {
        wanted = true;
        wake = new AbortController();
        serving = Promise.withResolvers();
        serving.promise.catch(() => {});
        running = running.then(keepRunning);
      }
      await serving.promise;
    },
    ready: () => serving.promise,
    async stop() {
      supervised.release();
      const recorded = record.all().find(({ name }) => name === spec.name);
      if (recorded) await endProcess(recorded);
      await running;
    },
    async restart() {
      await supervised.stop();
      await supervised.start();
    },
    async kill(signal) {
      const current = life;
      if (!current) return;
      signalProcess(current.pid, signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await current.exited;
    },
    release() {
      wanted = false;
      wake.abort();
    },
  };
  return supervised;
}

/** A program on one of its ports would be mistaken for it, or would make it fail with an unrelated message. */
async function firstBusy(ports: number[]): Promise<number | undefined> {
  for (const port of ports) if (!(await isFree(port))) return port;
  return undefined;
}

/** The previous start's log is kept beside the new one. */
function rotate(logFile: string): void {
  if (existsSync(logFile)) renameSync(logFile, logFile.replace(/\.log$/, '.1.log'));
}

/** The output since `offset`, limited to the first lines, however much a process writes. */
function readFrom(file: string, offset: number): string {
  const buffer = Buffer.alloc(64 * 1024);
  const handle = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(handle, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(handle);
  }
}

/** Ready when the process has printed its line `{"listening": …}`, as all of Freehold's own do. */
export function hasPrintedListening({ output }: { output: string }): boolean {
  return output.includes('{"listening"') && output.slice(output.indexOf('{"listening"')).includes('\n');
}
