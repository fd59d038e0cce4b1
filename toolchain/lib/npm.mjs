import { onPath, run } from './command.mjs';
import { setupFailure } from './failure.mjs';

/** Throws the one clear sentence when npm is missing. */
export function checkNpm(title) {
  if (!npmProgram()) {
    throw setupFailure(`npm is needed for ${title}: install Node.js together with npm (https://nodejs.org).`);
  }
}

/** npm prints each file that it has fetched; even the largest takes less than this on a usable connection. */
const silenceMs = 3 * 60_000;
const attempts = 3;

/**
 * Runs npm, the one that started us if it was npm, with the machine's own Node, for which it was installed. Variables
 * of the running script are removed, npm's configuration is passed on. If a connection stalls, npm is restarted and
 * continues from its own cache.
 */
export async function npm({ args, step, onLine = () => {}, ...rest }) {
  const { command, before } = npmProgram();
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name)),
  );
  const all = [...before, ...args, '--loglevel=http', '--no-audit', '--no-fund', '--no-update-notifier'];
  const showLine = (line) => {
    const trouble = /^npm http .* failed with (\S+)/.exec(line)?.[1];
    if (trouble) step.progress(`npm cannot reach the registry (${trouble}), retrying`);
    onLine(line);
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await run({ command, args: all, env, silenceMs, onLine: showLine, ...rest });
    } catch (error) {
      if (!error.silent || attempt === attempts) throw error;
    }
  }
}

function npmProgram() {
  const caller = process.env.npm_execpath;
  if (caller?.endsWith('npm-cli.js')) return { command: process.execPath, before: [caller] };
  const found = onPath('npm');
  return found && { command: found, before: [] };
}
