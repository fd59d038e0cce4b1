import { onPath, run } from './command.mjs';
import { setupFailure } from './failure.mjs';

/** Throws the one clear sentence when npm is missing. */
export function checkNpm(title) {
  if (!npmProgram()) {
    throw setupFailure(`npm is needed for ${title}: install Node.js together with npm (https://nodejs.org).`);
  }
}

/**
 * Runs npm, the one that started us where it was npm, with the machine's own Node, for which it was installed. Its
 * variables about the script that is running stay away, its configuration goes through.
 */
export function npm({ args, ...rest }) {
  const { command, before } = npmProgram();
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name)),
  );
  return run({ command, args: [...before, ...args, '--no-audit', '--no-fund', '--no-update-notifier'], env, ...rest });
}

function npmProgram() {
  const caller = process.env.npm_execpath;
  if (caller?.endsWith('npm-cli.js')) return { command: process.execPath, before: [caller] };
  const found = onPath('npm');
  return found && { command: found, before: [] };
}
