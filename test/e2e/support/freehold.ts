import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../../src/embedded/processes.ts';
import type { World } from './world.ts';

/** Runs the `freehold` command on the platform's machine; returns its output and exit code. */
export async function freehold(
  { platform }: World,
  ...args: string[]
): Promise<{ code: number; out: string; complaint: string }> {
  const program = join(projectRoot, 'src/cli/main.ts');
  const env = { PATH: process.env.PATH, FREEHOLD_STATE_DIR: platform.stateDir };
  return new Promise((resolve) => {
    const options = { env, cwd: projectRoot };
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...args],
      options,
      (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, complaint: err });
      },
    );
  });
}
