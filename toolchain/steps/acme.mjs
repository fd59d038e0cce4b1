import { buildGo, checkGo } from '../lib/go.mjs';

/**
 * Programs for the certificate tests: the real Caddy, which manages the certificates on every host, and Pebble, the
 * test certificate authority of Let's Encrypt. Nothing else needs them.
 */

const caddyVersion = '2.11.9';
const pebbleVersion = '2.10.3';

/** @type {import('../lib/go.mjs').GoProgram} */
const caddyProgram = {
  title: 'Caddy',
  goVersion: '1.26.0',
  otherwise: `Caddy ${caddyVersion} from https://caddyserver.com/docs/install`,
  args: ['install', '-v', '-ldflags', '-w -s', `github.com/caddyserver/caddy/v2/cmd/caddy@v${caddyVersion}`],
  packages: 850,
  duration: '3 to 10 minutes',
  freeBytes: 3e9,
};

/** @type {import('../lib/go.mjs').GoProgram} */
const pebbleProgram = {
  title: 'Pebble',
  goVersion: '1.25.0',
  args: ['install', '-v', '-ldflags', '-w -s', `github.com/letsencrypt/pebble/v2/cmd/pebble@v${pebbleVersion}`],
  packages: 200,
  duration: 'about a minute',
  freeBytes: 1e9,
};

/** @type {import('../lib/tool.mjs').Tool} */
export const caddy = {
  name: 'caddy',
  title: 'Caddy',
  version: caddyVersion,
  program: 'bin/caddy',
  variable: 'CADDY_BINARY',
  path: { command: 'caddy', args: ['version'], pattern: /^v(\d+\.\d+\.\d+)/, from: '2.11.0', before: '3.0.0' },
  registry: fromSource(caddyProgram),
};

/** @type {import('../lib/tool.mjs').Tool} */
export const pebble = {
  name: 'pebble',
  title: 'Pebble',
  version: pebbleVersion,
  program: 'bin/pebble',
  variable: 'PEBBLE_BINARY',
  registry: fromSource(pebbleProgram),
};

function fromSource(program) {
  return {
    check: (signal) => checkGo(program, signal),
    build: async (work) => {
      await buildGo(program, work);
      return `built from source ${program.args.at(-1)}`;
    },
  };
}
