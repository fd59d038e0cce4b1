import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from '../setup.mjs';
import { describeFailure } from './failure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A terminal and npm both deliver one Ctrl-C; signals within this time (ms) count as one. */
const samePressMs = 400;

/**
 * Sets up for a command. Returns the tools, or the exit code if that failed or was interrupted. Without an entry the
 * command is `setup`, which lists the tools on stdout.
 */
export async function prepare({ entry, need, quiet = false }) {
  const interrupt = new AbortController();
  let received;
  const stop = (signal) => {
    received ??= signal;
    interrupt.abort(new Error(`interrupted by ${signal}`));
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    const tools = await setUp({ root, need, quiet, signal: interrupt.signal });
    if (!entry) for (const line of listing(tools)) console.log(line);
    return tools;
  } catch (error) {
    if (received) return 128 + constants.signals[received];
    const text = describeFailure(error);
    if (text === undefined) throw error;
    console.error(text);
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

function listing({ tools }) {
  return tools.map(
    ({ title, version, source, path }) => `${[title, version].filter(Boolean).join(' ')} (${source}): ${path}`,
  );
}

/**
 * Runs an entry and resolves with its exit code. The child has its own session, so that it gets a signal only from here
 * and once, however many of terminal, shell and npm send it to us.
 */
export function launch({ tools, entry, args }) {
  const child = spawn(tools.node, [join(root, entry), ...args], {
    env: environment(tools),
    stdio: 'inherit',
    detached: true,
  });
  let last = { signal: undefined, at: 0 };
  for (const signal of signals) {
    process.on(signal, () => {
      const repeated = last.signal === signal && Date.now() - last.at < samePressMs;
      last = { signal, at: Date.now() };
      if (!repeated) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

function environment({ node, variables }) {
  const quiet = '--disable-warning=ExperimentalWarning';
  const options = process.env.NODE_OPTIONS ?? '';
  return {
    ...process.env,
    ...variables,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    NODE_OPTIONS: options.includes(quiet) ? options : `${options} ${quiet}`.trim(),
  };
}
