import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { killSession } from '../processes.ts';

/** A started runner, leader of its own session, which may not have received its request yet. */
export interface RunnerProcess {
  child: ChildProcess;
  /** Session of the runner, its engine and its plugins. */
  sid: number;
  /** Settles when the runner has ended, nothing of its session is alive, and its output is read. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** The last lines of its standard error. */
  lastErrors(): string;
}

const program = join(import.meta.dirname, 'main.ts');
const lastErrorsLength = 4_000;

/** Starts a runner. It loads and connects, then waits for its request; closing its input stops it. */
export function startRunner(env: NodeJS.ProcessEnv): RunnerProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
  });
  let lastErrors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    lastErrors = (lastErrors + chunk).slice(-lastErrorsLength);
  });
  // A dead runner refuses its request; its exit is what counts.
  child.stdin.on('error', () => {});
  const sid = child.pid ?? 0;
  let sessionEnds: Promise<void> | undefined;
  child.once('exit', () => {
    sessionEnds = killSession(sid);
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('close', async (code, signal) => {
      await sessionEnds;
      resolve({ code, signal });
    });
  });
  return { child, sid, ended, lastErrors: () => lastErrors };
}

interface Pool {
  env: NodeJS.ProcessEnv;
  waiting: RunnerProcess | null;
}

let pool: Pool | null = null;

/**
 * Keeps one runner started in advance from now on, so that an operation does not wait for one to load. It does not keep
 * this process alive, and ends with it.
 */
export function prewarmRunner(env: NodeJS.ProcessEnv = process.env): void {
  pool ??= { env, waiting: null };
  refill();
}

/** Stops the idle runner, and starts no further ones. */
export async function closeRunnerPool(): Promise<void> {
  const waiting = pool?.waiting;
  pool = null;
  if (!waiting) return;
  waiting.child.stdin?.end();
  await waiting.ended;
}

/** A runner for one operation: the idle one, if it was started for the same environment, or a new one. */
export function takeRunner(env: NodeJS.ProcessEnv): RunnerProcess {
  const waiting = pool?.env === env ? pool.waiting : null;
  if (!pool || !waiting || waiting.child.exitCode !== null || waiting.child.signalCode !== null)
    return startRunner(env);
  pool.waiting = null;
  holdOpen(waiting, true);
  return waiting;
}

/** Starts the next idle runner, if wanted. Called after an operation, so that it does not compete with it. */
export function refill(): void {
  if (!pool || pool.waiting) return;
  const runner = startRunner(pool.env);
  pool.waiting = runner;
  holdOpen(runner, false);
  runner.child.once('close', () => {
    if (pool?.waiting === runner) pool.waiting = null;
  });
}

/** Whether a child keeps this process alive. */
function holdOpen({ child }: RunnerProcess, hold: boolean): void {
  const parts = [child, child.stdin, child.stdout, child.stderr] as unknown as { ref(): void; unref(): void }[];
  for (const part of parts) hold ? part.ref() : part.unref();
}
