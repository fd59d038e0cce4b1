import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { licenceExitCode, licenceExitCodes } from '../licence/client/exit-codes.ts';
import { monotonic } from '../runtime/clock.ts';
import { createProcessLog } from '../runtime/process-log.ts';
import type { Administrator } from './administrator.ts';
import type { HostLicence } from './licence.ts';
import { createHostServer } from './server.ts';
import { readSettings, SettingsError } from './settings.ts';
import type { Store } from './store/store.ts';

/**
 * The reference product as one process.
 *
 * Start order: `/healthz` answers, the licence check is sent, then pages and database are loaded while the licence
 * server responds. SIGTERM and SIGINT stop it and keep the seat, as a reboot needs; SIGUSR2 releases the seat first,
 * for a node that is taken down for good. Its exit codes are those of the licence client; 78 also for invalid settings.
 */

/** How long running requests may take when the process stops, ms. */
const drainMs = 5_000;

const log = createProcessLog('host');

/** What has been started so far and must be stopped; filled during the start. */
const running: { server?: Server; licence?: HostLicence; store?: Store; administrator?: Administrator } = {};

async function start(): Promise<void> {
  const { contract, dataFolder, port, authority } = readSettings();
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });

  const app = Promise.withResolvers<RequestListener>();
  const server = createHostServer({ contract, licence: () => running.licence?.status(), app: app.promise });
  running.server = server;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  log.info({ port: (server.address() as AddressInfo).port, ms: Math.round(monotonic()) }, 'listening');

  const [{ createHostLicence }, { usageOf }] = await Promise.all([import('./licence.ts'), import('./limits.ts')]);
  const licence = createHostLicence({
    contract,
    dataFolder,
    log,
    usage: () => {
      const { administrator, store } = running;
      return administrator && store ? usageOf({ administrator, store }) : {};
    },
  });
  running.licence = licence;
  licence.onStop(() => void stop(licenceExitCodes.stopped));
  await licence.start();

  const [{ openStore }, { createApp }, { createAdministrator }] = await Promise.all([
    import('./store/store.ts'),
    import('./web/app.ts'),
    import('./administrator.ts'),
  ]);
  const store = openStore(dataFolder);
  const administrator = createAdministrator({ contract, store, log });
  Object.assign(running, { store, administrator });
  app.resolve(createApp({ contract, authority, store, administrator, log, licence: licence.status }));
  log.info({ ms: Math.round(monotonic()), licence: licence.status().state }, 'serving');
  // With a compile cache, the next host starts in a third of the time, even after this one is killed.
  flushCompileCache();
}

let stopping = false;

/** Lets running requests finish, then closes everything; the seat is released only on request. */
async function stop(exitCode: number, { releaseSeat = false } = {}): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({ exitCode, releaseSeat }, 'stopping');
  const { server, licence, store } = running;
  if (server?.listening) {
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), drainMs).unref();
    await closed;
  }
  let code = exitCode;
  try {
    await (releaseSeat ? licence?.release() : licence?.stop());
  } catch (error) {
    log.error({ err: error }, 'the licence client did not end well');
    code = 1;
  }
  store?.close();
  process.exit(code);
}

process.on('SIGTERM', () => void stop(0));
process.on('SIGINT', () => void stop(0));
process.on('SIGUSR2', () => void stop(0, { releaseSeat: true }));

start().catch((error: unknown) => {
  if (error instanceof SettingsError) log.fatal(error.message);
  else log.fatal({ err: error }, 'the server could not start');
  return stop(error instanceof SettingsError ? licenceExitCodes.misconfigured : licenceExitCode(error));
});
