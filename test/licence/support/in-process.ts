import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../src/licence/server/app.ts';
import { createContext } from '../../../src/licence/server/context.ts';
import type { SeatSeller } from '../../../src/licence/server/seats/seat-seller.ts';
import { readSettings } from '../../../src/licence/server/settings.ts';
import { createLog } from '../../../src/runtime/log.ts';
import type { LicenceWorld } from './licence-server.ts';

/**
 * A licence server of this world in the test's own process, so that one of its ports can be faked. It only answers
 * calls.
 */
export async function startInProcess(
  world: LicenceWorld,
  { seller, environment = {} }: { seller?: SeatSeller; environment?: Record<string, string> },
) {
  const log = createLog('licence-server');
  // These tests are about refusals and check the answers, not the log.
  log.level = 'fatal';
  const context = await createContext(readSettings({ ...world.environment, ...environment }), log, seller);
  const server = createServer(createApp(context)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await context.db.close();
    },
  };
}
