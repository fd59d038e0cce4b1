import fs, { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logFile } from '../lib/cache.mjs';
import { onPath, run } from '../lib/command.mjs';
import { setupFailure } from '../lib/failure.mjs';
import { os } from '../lib/platform.mjs';
import { atLeast } from '../lib/version.mjs';

const version = '3.259.0';
const release = `https://github.com/pulumi/pulumi/releases/download/v${version}`;
const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'pulumi');
const packagePath = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';

/** What `go.mod` asks for. */
const goVersion = '1.25.11';

/** Go packages that the build compiles; only for the reader's sense of how far it is. */
const packages = 1_680;

/** Modules, build cache and program at their largest. */
const freeBytes = 6e9;

/** The Pulumi engine. No registry holds the program, but the Go module proxy holds its source. @type {import('../lib/tool.mjs').Tool} */
export const pulumi = {
  name: 'pulumi',
  title: 'Pulumi CLI',
  version,
  program: 'bin/pulumi',
  variable: 'PULUMI_ROOT',
  value: (path) => dirname(dirname(path)),
  path: { command: 'pulumi', args: ['version'], pattern: /^v?(\d+\.\d+\.\d+)/m, from: '3.248.0', before: '4.0.0' },
  publisher: {
    origin: 'https://github.com',
    url: `${release}/pulumi-v${version}-${os}-${process.arch}.tar.gz`,
    checksums: `${release}/pulumi-${version}-checksums.txt`,
    member: 'pulumi',
  },
  registry: { check: checkGo, build },
};

async function checkGo(signal) {
  const advice = `install Go from https://go.dev/dl, or the Pulumi CLI from https://www.pulumi.com/docs/install.`;
  if (!onPath('go')) throw setupFailure(`Go ${goVersion} or newer is needed to build the Pulumi CLI: ${advice}`);
  const log = logFile('go');
  const ask = (args) => run({ command: 'go', args, log, signal, what: 'Asking Go for its version', env: goEnv() });
  const [line] = await ask(['env', 'GOVERSION']);
  const [toolchain] = await ask(['env', 'GOTOOLCHAIN']);
  const own = line?.replace(/^go/, '') ?? '0';
  const fetchesNewer = atLeast(own, '1.21.0') && toolchain !== 'local';
  if (!atLeast(own, goVersion) && !fetchesNewer) {
    throw setupFailure(`Go ${goVersion} or newer is needed to build the Pulumi CLI, this is Go ${own}: ${advice}`);
  }
}

async function build({ folder, step, log, signal, title }) {
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  await checkSpace(folder);
  let modules = 0;
  let compiled = 0;
  step.progress('building from source, this takes 4 to 11 minutes once');
  try {
    await run({
      command: 'go',
      args: [
        ...['build', '-v', '-mod=readonly', '-tags', 'osusergo,grpcnotrace'],
        // Without the version in it the Automation API cannot read what the CLI says it is.
        ...['-ldflags', `-w -s -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`],
        ...['-o', join(folder, 'bin', 'pulumi'), packagePath],
      ],
      cwd: source,
      env: { ...goEnv(), ...(await scratchEnv(scratch)) },
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
  return `built from source ${packagePath}`;
}

/** Caches of the build's own, which can be deleted afterwards without harm to anybody else's. */
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

async function checkSpace(folder) {
  // The first releases of Node 18 cannot tell.
  if (!fs.statfs) return;
  const { bavail, bsize } = await fs.statfs(folder);
  if (bavail * bsize < freeBytes) {
    throw setupFailure(`Building the Pulumi CLI needs 6 GB of free space for some minutes in ${dirname(folder)}.`);
  }
}
