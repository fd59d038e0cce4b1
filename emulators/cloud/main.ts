import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { createLog } from '../../src/runtime/log.ts';
import { ownRules, Rules } from '../../src/stacks/local/cloud-api.ts';
import { openDoubles } from '../clouds/open-doubles.ts';
import { createCloudApi } from './api.ts';
import { createFaultSwitch } from './fault-switch.ts';
import { createHostProcesses, type HostReport, Images } from './host-processes.ts';
import { openObjectStore } from './object-store.ts';
import { createObjects } from './objects.ts';
import { createSnapshots } from './snapshots.ts';

/**
 * The small cloud: a daemon that rents hosts, volumes, addresses and records on this machine. Stopping it, by whatever
 * signal, leaves its hosts running; `POST /v1/shutdown` stops them first. The next start boots every host that should
 * run.
 */
const config = z
  .object({
    CLOUD_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    CLOUD_DB: z.string(),
    CLOUD_DATA: z.string(),
    CLOUD_TOKEN: z.string().min(16),
    CLOUD_IMAGES_FILE: z.string(),
    CLOUD_DNS_ZONE: z.string(),
    /** Overrides of the small cloud's own rules, as JSON. */
    CLOUD_RULES: z
      .string()
      .default('{}')
      .transform((text) => Rules.partial().parse(JSON.parse(text))),
  })
  .parse(process.env);

const log = createLog('cloud');
const folder = resolve(config.CLOUD_DATA);
mkdirSync(folder, { recursive: true, mode: 0o700 });
mkdirSync(dirname(resolve(config.CLOUD_DB)), { recursive: true, mode: 0o700 });
const store = openObjectStore(config.CLOUD_DB);
const images = Images.parse(JSON.parse(readFileSync(config.CLOUD_IMAGES_FILE, 'utf8')));
const processes = createHostProcesses({ folder: join(folder, 'hosts'), onReport: note, log });
const faults = createFaultSwitch();
let rules: Rules = { ...ownRules, ...config.CLOUD_RULES };
const objects = createObjects({ store, processes, images, folder, rules: () => rules });

function note(report: HostReport): void {
  const host = store.find('hosts', report.id);
  if (!host) return;
  const again = report.state === 'running' && host.state === 'failed' ? 1 : 0;
  const pid = report.state === 'running' ? report.pid : null;
  store.put('hosts', { ...host, state: report.state, pid, restarts: host.restarts + again });
  log.info({ host: report.id, state: report.state, pid }, 'host');
}

await objects.resume();
const doubles = openDoubles({
  ...{ file: config.CLOUD_DB, folder, dnsZone: config.CLOUD_DNS_ZONE, processes, images, log },
  listingDelayMs: () => rules.listingDelayMs,
  reservePort: objects.reservePort,
  promisePort: objects.promisePort,
});
await Promise.all([...doubles.values()].map((double) => double.resume()));
const app = createCloudApi({
  objects,
  snapshots: createSnapshots(folder),
  doubles,
  processes,
  faults,
  rules: {
    view: () => rules,
    change: (change) => {
      rules = { ...rules, ...change };
    },
  },
  token: config.CLOUD_TOKEN,
  dnsZone: config.CLOUD_DNS_ZONE,
  log,
});
const server = createServer(app);
server.listen(config.CLOUD_PORT, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}` })}\n`);
});
server.on('error', (error) => {
  log.fatal({ err: error }, 'cannot listen');
  process.exit(1);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    processes.release();
    server.close(() => {
      for (const double of doubles.values()) double.close();
      store.close();
      process.exit(0);
    });
    server.closeAllConnections();
  });
}
