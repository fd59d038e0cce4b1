import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import mongoose from 'mongoose';
import { openLeaseManager } from '../../src/stacks/runner/lease-holder.ts';
import type { RunnerSettings } from '../../src/stacks/runner/settings.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await startDatabase();
}, 30_000);
afterAll(() => database.stop());

test('a database that is away is worth another try, by the same runner too: nothing was touched', async () => {
  const uri = new URL(database.uri);
  const { hostname, port } = uri;
  let isAway = true;
  const door = createServer((client) => {
    if (isAway) return client.destroy();
    const server = connect(Number(port), hostname);
    client.pipe(server).pipe(client);
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      one.on('error', () => other.destroy());
    }
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  uri.port = String((door.address() as AddressInfo).port);

  const leases = openLeaseManager({
    MONGODB_URI: uri.href,
    FREEHOLD_LEASE_MS: 60_000,
    FREEHOLD_LEASE_RENEW_MS: 15_000,
    FREEHOLD_LEASE_LOST_MS: 40_000,
    FREEHOLD_LEASE_MARGIN_MS: 30_000,
  } as RunnerSettings);
  await expect(leases.acquire('inst-a')).rejects.toMatchObject({ name: 'ReasonError', code: 'records_unreachable' });
  isAway = false;
  const lease = await leases.acquire('inst-a');
  expect(lease.clean).toBe(true);
  await lease.release({ settled: true });
  door.close();
  await mongoose.disconnect();
}, 30_000);
