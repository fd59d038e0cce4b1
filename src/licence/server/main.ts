import { once } from 'node:events';
import { createServer } from 'node:http';
import { listeningUrl } from '../../runtime/listening-url.ts';
import { createProcessLog } from '../../runtime/process-log.ts';
import { createApp } from './app.ts';
import { createContext } from './context.ts';
import { startWebhookDispatcher } from './events/webhook-dispatcher.ts';
import { watchKeys } from './keys/key-roll.ts';
import { readSettings } from './settings.ts';
import { startSweeper } from './sweeper.ts';

/**
 * The licence server as a process: reads its environment (settings.ts), prints `{"listening":"http://…"}` on stdout
 * when it is ready, stops cleanly on SIGTERM and SIGINT.
 */
const log = createProcessLog('licence-server');

async function run(): Promise<void> {
  const settings = readSettings(process.env);
  const context = await createContext(settings, log);
  const server = createServer(createApp(context)).listen(settings.port, settings.host);
  await once(server, 'listening');
  const stopSweeper = startSweeper(context);
  const stopWebhookDispatcher = startWebhookDispatcher(context);
  const stopWatchingKeys = watchKeys(context);
  process.stdout.write(`${JSON.stringify({ listening: listeningUrl(server) })}\n`);

  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timeout = setTimeout(() => server.closeAllConnections(), 5000);
  await closed;
  clearTimeout(timeout);
  stopWatchingKeys();
  await Promise.all([stopSweeper(), stopWebhookDispatcher()]);
  await context.db.close();
}

run().catch((error: unknown) => {
  log.fatal({ err: error }, 'the licence server cannot start');
  process.exitCode = 1;
});
