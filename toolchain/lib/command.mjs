import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setupFailure } from './failure.mjs';

const tailLines = 12;
const killAfterMs = 5_000;

/** The first executable file of this name on PATH, or undefined. */
export function onPath(command) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder && isExecutable(join(folder, command))) return join(folder, command);
  }
  return undefined;
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs a command in its own process group, writes all output to the log file and passes each line to `onLine`. Resolves
 * with its lines on exit code 0, otherwise rejects with a failure that contains the last lines; an abort ends the whole
 * group first.
 *
 * @param {{ command: string, args: string[], log: string, signal: AbortSignal, what: string, cwd?: string, env?:
 * NodeJS.ProcessEnv, onLine?: (line: string) => void, silenceMs?: number }} options `what` names the command in the
 * failure; after `silenceMs` without a line the command is ended and the failure has `silent: true`
 */
export function run({ command, args, log, signal, what, cwd, env = process.env, onLine = () => {}, silenceMs }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    mkdirSync(dirname(log), { recursive: true });
    const file = createWriteStream(log, { flags: 'a' });
    file.write(`\n$ ${command} ${args.join(' ')}\n`);
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = [];
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text) => {
        file.write(text);
        const parts = (rest + text).split(/\r?\n|\r/);
        rest = parts.pop();
        for (const line of parts) take(line);
      });
      stream.on('end', () => take(rest));
    }
    const take = (line) => {
      if (line.trim() === '') return;
      lines.push(line);
      onLine(line);
      silence?.refresh();
    };
    const end = (name) => {
      try {
        process.kill(-child.pid, name);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    };
    let hard;
    const abort = () => {
      end('SIGTERM');
      hard = setTimeout(end, killAfterMs, 'SIGKILL');
    };
    signal.addEventListener('abort', abort, { once: true });
    let silent = false;
    const silence =
      silenceMs &&
      setTimeout(() => {
        silent = true;
        abort();
      }, silenceMs);
    const finish = (settle) => {
      clearTimeout(hard);
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      file.end(settle);
    };
    child.on('error', (error) =>
      finish(() => reject(setupFailure(`${what} could not be started: ${error.message}.`, { log }))),
    );
    child.on('close', (code, killedBy) =>
      finish(() => {
        if (signal.aborted) return reject(signal.reason);
        if (code === 0) return resolve(lines);
        if (silent) {
          const failure = setupFailure(`${what} said nothing for ${silenceMs / 60_000} min and was ended.`, { log });
          return reject(Object.assign(failure, { silent }));
        }
        const how = code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`;
        reject(setupFailure(`${what} ${how}.`, { log, tail: lines.slice(-tailLines) }));
      }),
    );
  });
}
