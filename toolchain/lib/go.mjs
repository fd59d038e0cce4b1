import fs, { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { logFile } from './cache.mjs';
import { onPath, run } from './command.mjs';
import { setupFailure } from './failure.mjs';
import { size } from './report.mjs';
import { atLeast } from './version.mjs';

/**
 * Programs that are built from Go source: no registry has the programs, but the Go module proxy has their source.
 *
 * @typedef {object} GoProgram
 * @property {string} title
 * @property {string} goVersion the oldest Go that compiles it
 * @property {string} [otherwise] what to install instead of Go
 * @property {string[]} args of `go`, without the output path, which is `bin/` of the tool's folder
 * @property {string} [cwd]
 * @property {number} packages Go packages that the build compiles; only for showing progress
 * @property {string} duration how long it takes, in words
 * @property {number} freeBytes maximum size of modules, build cache and program
 */

/** Throws the one clear sentence when Go is missing or too old. @param {GoProgram} program */
export async function checkGo({ title, goVersion, otherwise }, signal) {
  const advice = `install Go from https://go.dev/dl${otherwise ? `, or ${otherwise}` : ''}.`;
  if (!onPath('go')) throw setupFailure(`Go ${goVersion} or newer is needed to build ${title}: ${advice}`);
  const log = logFile('go');
  const ask = (args) => run({ command: 'go', args, log, signal, what: 'Asking Go for its version', env: goEnv() });
  const [line] = await ask(['env', 'GOVERSION']);
  const [toolchain] = await ask(['env', 'GOTOOLCHAIN']);
  const own = line?.replace(/^go/, '') ?? '0';
  const fetchesNewer = atLeast(own, '1.21.0') && toolchain !== 'local';
  if (!atLeast(own, goVersion) && !fetchesNewer) {
    throw setupFailure(`Go ${goVersion} or newer is needed to build ${title}, this is Go ${own}: ${advice}`);
  }
}

/** Builds a program into `bin/` of the folder, and removes temporary build files. @param {GoProgram} program */
export async function buildGo({ title, args, cwd, packages, duration, freeBytes }, { folder, step, log, signal }) {
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  await checkSpace(folder, { title, freeBytes });
  let modules = 0;
  let compiled = 0;
  step.progress(`building from source, this takes ${duration} once`);
  try {
    await run({
      command: 'go',
      args,
      cwd: cwd ?? scratch,
      env: { ...goEnv(), ...(await scratchEnv(scratch)), GOBIN: join(folder, 'bin') },
      what: `Building ${title}`,
      log,
      signal,
      onLine: (line) => {
        if (line.startsWith('go: downloading')) modules++;
        else if (/^[\w.-]+(\/|$)/.test(line)) compiled++;
        step.progress(
          compiled < packages / 50
            ? `downloading sources, ${modules} modules`
            : `building from source, ${compiled} of about ${packages} packages`,
        );
      },
    });
  } finally {
    if (!signal.aborted) step.progress('removing what only the build needed');
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Separate caches of the build, which can be deleted afterwards. */
async function scratchEnv(scratch) {
  const folders = {
    GOMODCACHE: join(scratch, 'modules'),
    GOCACHE: join(scratch, 'build'),
    GOTMPDIR: join(scratch, 'tmp'),
  };
  for (const path of Object.values(folders)) await mkdir(path);
  return folders;
}

function goEnv() {
  return { ...process.env, GOFLAGS: '-modcacherw -buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' };
}

async function checkSpace(folder, { title, freeBytes }) {
  // The first releases of Node 18 cannot report it.
  if (!fs.statfs) return;
  const { bavail, bsize } = await fs.statfs(folder);
  if (bavail * bsize < freeBytes) {
    throw setupFailure(
      `Building ${title} needs ${size(freeBytes)} of free space for some minutes in ${dirname(folder)}.`,
    );
  }
}
