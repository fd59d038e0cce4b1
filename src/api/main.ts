import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { apiConfig } from '../config.ts';
import { catalogue } from '../domain/catalogue/catalogue-data.ts';
import { installedCatalogue } from '../domain/catalogue/installed-catalogue.ts';
import { createSender } from '../mail/sender.ts';
import { createStripeGateway } from '../payments/stripe-gateway.ts';
import { listeningUrl } from '../runtime/listening-url.ts';
import { createProcessLog } from '../runtime/process-log.ts';
import { openStore } from '../store/store.ts';
import { createApi } from './api.ts';
import type { ApiDeps } from './deps.ts';
import { createStreams } from './events/stream.ts';
import { createTail } from './events/tail.ts';
import { createLicenceTokens } from './licence-tokens.ts';
import { createOrderStarts } from './orders/start-orders.ts';
import { startSweeps } from './orders/sweeps.ts';
import { createWorkflows } from './workflows.ts';

/** How long running requests may take when the process is asked to stop, ms. */
const drainMs = 10_000;

const log = createProcessLog('api');
const config = apiConfig();
const store = await openStore(config.MONGODB_URI);
await store.init();

// Lazy, so that this process starts and accepts orders while Temporal is down.
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = Connection.lazy(connectionOptions);
const tail = createTail({ store, log });
const workflows = createWorkflows({ connection, namespace: namespace ?? 'default', config });
const starts = createOrderStarts({ store, workflows, log });
const deps: ApiDeps = {
  config,
  catalogue: installedCatalogue(catalogue, {
    ...{ clouds: config.FREEHOLD_CLOUDS, simulated: config.FREEHOLD_SIMULATED_CLOUDS },
  }),
  store,
  workflows,
  starts,
  tail,
  streams: createStreams({ store, tail, log, config }),
  payments: createStripeGateway({
    secretKey: config.STRIPE_SECRET_KEY,
    apiBase: config.STRIPE_API_BASE,
    intents: store.createIntents,
  }),
  licenceTokens: await createLicenceTokens(config),
  mail: createSender({ smtpUrl: config.SMTP_URL, from: config.MAIL_FROM }),
  log,
  checkAnswers: process.env.NODE_ENV !== 'production',
};

const server = createServer(createApi(deps));
// Longer than the idle timeout of load balancers, so that they close first.
server.keepAliveTimeout = 75_000;
// Clients open connections in advance; Node treats them as busy until their first request.
const unused = new Set<Socket>();
server.on('connection', (socket) => {
  unused.add(socket);
  socket.once('close', () => unused.delete(socket));
});
server.on('request', ({ socket }) => unused.delete(socket));
server.listen(config.API_PORT, config.API_HOST);
await once(server, 'listening');
const sweeps = startSweeps(deps);
process.stdout.write(`${JSON.stringify({ listening: listeningUrl(server) })}\n`);

let draining = false;

/** Accepts no new requests, lets running ones finish, then closes all resources. */
async function drain(): Promise<void> {
  if (draining) return;
  draining = true;
  const closed = once(server, 'close');
  server.close();
  deps.streams.closeAll();
  // A keep-alive connection becomes idle only after its last response; nothing else would close it then.
  const closeIdle = setInterval(() => {
    server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
  }, 25);
  const timeout = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(closeIdle);
  clearTimeout(timeout);
  await sweeps.stop();
  await starts.stop();
  await tail.stop();
  await connection.close();
  await store.close();
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void drain());
