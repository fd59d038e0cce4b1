import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { hostEnvironment } from '../../src/contracts/host-contract.ts';
import { monotonic } from '../../src/runtime/clock.ts';
import type { Log } from '../../src/runtime/log.ts';
import { identify, isAlive, type ProcessIdentity, sessionMembers, signalSession } from '../../src/stacks/processes.ts';

/**
 * Hosts as real processes, each leader of its own session, so that they outlive the daemon. A host that dies is
 * restarted with backoff; a restarted daemon adopts the hosts that still run.
 */

/** How the cloud boots an image: name -> command. */
export const Images = z.record(
  z.string(),
  z.strictObject({
    command: z.array(z.string()).min(1),
    cwd: z.string().optional(),
    env: z.record(z.string(), z.string()).optional(),
  }),
);
export type Images = z.infer<typeof Images>;
type Image = Images[string];

export interface Boot {
  id: string;
  image: Image;
  dataFolder: string;
  port: number;
}

/** Reports of the supervisor: the host runs as `pid`, or it is down (`failed` if it died). */
export type HostReport = { id: string; state: 'running'; pid: number } | { id: string; state: 'failed' | 'stopped' };

interface Running {
  boot: Boot;
  identity: ProcessIdentity;
  startedAt: number;
  /** Stops watching for its death. */
  forget: () => void;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A host that ran this long resets its backoff. */
const steadyMs = 60_000;
const watchMs = 250;
const stopLimitMs = 10_000;
/** Maximum time between the start of the process and the writing of its pid file. */
const pidFileSlackMs = 5_000;

export function createHostProcesses(options: { folder: string; onReport: (report: HostReport) => void; log: Log }) {
  const { folder, onReport, log } = options;
  const running = new Map<string, Running>();
  const waiting = new Map<string, NodeJS.Timeout>();
  const deaths = new Map<string, number>();
  const queues = new Map<string, Promise<unknown>>();
  let closing = false;

  const hostFolder = (id: string) => join(folder, id);
  const contractFile = (id: string) => join(hostFolder(id), 'contract.json');
  const logFile = (id: string) => join(hostFolder(id), 'host.log');
  const pidFile = (id: string) => join(hostFolder(id), 'pid');

  /** Serialises the operations of one host. */
  function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (queues.get(id) ?? Promise.resolve()).then(work, work);
    queues.set(id, turn);
    const clear = () => {
      if (queues.get(id) === turn) queues.delete(id);
    };
    turn.then(clear, clear);
    return turn;
  }

  function environment(boot: Boot): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      LANG: process.env.LANG,
      HOME: hostFolder(boot.id),
      ...boot.image.env,
      [hostEnvironment.contract]: contractFile(boot.id),
      [hostEnvironment.data]: boot.dataFolder,
      [hostEnvironment.port]: String(boot.port),
    };
  }

  /** The process of a host that a former daemon left running, if it is certainly that. */
  function findLeftRunning(id: string): ProcessIdentity | null {
    let pid: number;
    let writtenAt: number;
    try {
      pid = Number(readFileSync(pidFile(id), 'utf8').trim());
      writtenAt = statSync(pidFile(id)).mtimeMs;
    } catch {
      return null;
    }
    const identity = Number.isInteger(pid) && pid > 1 ? identify(pid) : null;
    if (!identity || !sessionMembers(pid).includes(pid)) return null;
    const age = processAgeMs(identity);
    return age === null || Math.abs(Date.now() - age - writtenAt) < pidFileSlackMs ? identity : null;
  }

  async function spawnHost(boot: Boot): Promise<void> {
    mkdirSync(hostFolder(boot.id), { recursive: true, mode: 0o700 });
    rmSync(pidFile(boot.id), { force: true });
    const output = openSync(logFile(boot.id), 'a', 0o600);
    let child: ChildProcess;
    try {
      // The shell writes its pid to disk before it becomes the host, so a later daemon always knows the host.
      child = spawn(
        '/bin/sh',
        ['-c', 'echo $$ > "$1"; shift; exec "$@"', 'boot', pidFile(boot.id), ...boot.image.command],
        {
          cwd: boot.image.cwd,
          env: environment(boot),
          detached: true,
          stdio: ['ignore', output, output],
        },
      );
      await once(child, 'spawn');
    } finally {
      closeSync(output);
    }
    child.unref();
    const identity = identify(child.pid!) ?? { pid: child.pid!, startTime: '' };
    const onExit = () => died(boot.id);
    child.once('exit', onExit);
    remember(boot, identity, () => child.off('exit', onExit));
    if (child.exitCode !== null || child.signalCode !== null) died(boot.id);
  }

  function adopt(boot: Boot, identity: ProcessIdentity): void {
    const timer = setInterval(() => {
      if (!isAlive(identity)) died(boot.id);
    }, watchMs);
    remember(boot, identity, () => clearInterval(timer));
  }

  function remember(boot: Boot, identity: ProcessIdentity, forget: () => void): void {
    running.set(boot.id, { boot, identity, startedAt: monotonic(), forget });
    onReport({ id: boot.id, state: 'running', pid: identity.pid });
  }

  function died(id: string): void {
    const entry = running.get(id);
    if (!entry) return;
    entry.forget();
    running.delete(id);
    signalSession(entry.identity.pid, 'SIGKILL');
    onReport({ id, state: 'failed' });
    if (closing) return;
    const lived = monotonic() - entry.startedAt;
    const count = lived > steadyMs ? 0 : (deaths.get(id) ?? 0);
    deaths.set(id, count + 1);
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** count);
    log.warn({ host: id, pid: entry.identity.pid, pause }, 'host died, will be started again');
    const timer = setTimeout(() => {
      waiting.delete(id);
      inTurn(id, () => bringUp(entry.boot)).catch((error: unknown) =>
        log.error({ err: error, host: id }, 'boot failed'),
      );
    }, pause);
    waiting.set(id, timer);
  }

  async function bringUp(boot: Boot): Promise<void> {
    if (closing || running.has(boot.id)) return;
    clearTimeout(waiting.get(boot.id));
    waiting.delete(boot.id);
    await spawnHost(boot);
  }

  async function bringDown(id: string, signal: NodeJS.Signals): Promise<void> {
    clearTimeout(waiting.get(id));
    waiting.delete(id);
    deaths.delete(id);
    const entry = running.get(id);
    if (entry) {
      entry.forget();
      running.delete(id);
      const { pid } = entry.identity;
      signalSession(pid, signal);
      const deadline = monotonic() + stopLimitMs;
      while (isAlive(entry.identity) && monotonic() < deadline) await delay(20);
      while (signalSession(pid, 'SIGKILL') > 0) await delay(20);
    }
    rmSync(pidFile(id), { force: true });
    onReport({ id, state: 'stopped' });
  }

  return {
    contractFile,
    logFile,
    hostFolder,
    /** Boots a host; returns when its process runs. A running host is left alone. */
    start: (boot: Boot) => inTurn(boot.id, () => bringUp(boot)),
    /** Ends a host: SIGTERM, and SIGKILL for what is left after 10 s. */
    stop: (id: string) => inTurn(id, () => bringDown(id, 'SIGTERM')),
    /**
     * Ends a host by this signal and boots it again, with nothing of the same host between: SIGTERM as an operating system
     * reboots, SIGKILL as the power goes. One that does not run boots.
     */
    restart: (boot: Boot, signal: 'SIGTERM' | 'SIGKILL') =>
      inTurn(boot.id, async () => {
        await bringDown(boot.id, signal);
        await bringUp(boot);
      }),
    /** At the daemon's start: takes over a host that still runs, else boots it. */
    resume: (boot: Boot) =>
      inTurn(boot.id, async () => {
        const identity = findLeftRunning(boot.id);
        if (identity) adopt(boot, identity);
        else await bringUp(boot);
      }),
    /** Stops every host and starts none any more. */
    async stopAll(): Promise<void> {
      closing = true;
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
      await Promise.all([...running.keys()].map((id) => inTurn(id, () => bringDown(id, 'SIGTERM'))));
    },
    /** Detaches from every host without stopping any. */
    release(): void {
      closing = true;
      for (const timer of waiting.values()) clearTimeout(timer);
      for (const entry of running.values()) entry.forget();
    },
  };
}

export type HostProcesses = ReturnType<typeof createHostProcesses>;

/** Age of a process, ms; null if the system does not report it. */
function processAgeMs(identity: ProcessIdentity): number | null {
  if (process.platform !== 'linux') return null;
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  // Start time is in clock ticks after boot, 100 per second on every Linux that Node supports.
  return uptimeMs - Number(identity.startTime) * 10;
}
