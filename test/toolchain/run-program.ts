import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

/** The checkout that the tests look at. */
export const root = join(import.meta.dirname, '..', '..');

/** A started program with everything it has said so far. */
export interface RunningProgram {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const running = new Set<ChildProcess>();

/** A test that fails half way leaves no program behind. */
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a Node program of this checkout; `env` replaces the environment apart from PATH and HOME. */
export function startProgram(path: string, options: { args?: string[]; env?: NodeJS.ProcessEnv } = {}): RunningProgram {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [join(root, path), ...(options.args ?? [])], {
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.on('close', () => running.delete(child));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Waits until the condition holds; rejects after 10 s with its name. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
