import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo, checkGo } from '../lib/go.mjs';
import { os } from '../lib/platform.mjs';

const version = '3.259.0';
const release = `https://github.com/pulumi/pulumi/releases/download/v${version}`;
const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'pulumi');
const packagePath = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';

/** @type {import('../lib/go.mjs').GoProgram} */
const program = {
  title: 'the Pulumi CLI',
  // Required by `go.mod`.
  goVersion: '1.25.11',
  otherwise: 'the Pulumi CLI from https://www.pulumi.com/docs/install',
  cwd: source,
  args: [
    ...['build', '-v', '-mod=readonly', '-tags', 'osusergo,grpcnotrace'],
    // Without the embedded version the Automation API cannot parse the CLI's version output.
    ...['-ldflags', `-w -s -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`],
  ],
  packages: 1_680,
  duration: '4 to 11 minutes',
  freeBytes: 6e9,
};

/**
 * The Pulumi engine. No registry has the program, but the Go module proxy has its source. @type
 * {import('../lib/tool.mjs').Tool}
 */
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
  registry: {
    check: (signal) => checkGo(program, signal),
    build: async (work) => {
      const target = join(work.folder, 'bin', 'pulumi');
      await buildGo({ ...program, args: [...program.args, '-o', target, packagePath] }, work);
      return `built from source ${packagePath}`;
    },
  },
};
