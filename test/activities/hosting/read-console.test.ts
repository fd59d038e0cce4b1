import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ConsolePorts } from '../../../src/activities/hosting/ports.ts';
import { readConsole } from '../../../src/activities/hosting/read-console.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { openStore, type Store } from '../../../src/store/store.ts';
import { startDatabase, type TestDatabase } from '../../support/database.ts';
import { instanceRecord } from '../../support/instance-record.ts';

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await startDatabase();
  store = await openStore(database.uri);
  await store.init();
});
afterAll(async () => {
  await store?.close();
  await database?.stop();
});

/** Reads the consoles of a server with these machines; answers with what was recorded. */
async function recorded(serverIds: string[], read: ConsolePorts['readConsole']) {
  const instance = instanceRecord({
    _id: newId.instance(),
    outputs: { addresses: ['127.0.0.1:1'], volumeIds: [], serverIds, osImages: {} },
  });
  await store.instances.insert(instance);
  const ref = { instanceId: instance._id, operationId: newId.operation() };
  await store.operations.insert({
    ...{ _id: ref.operationId, instanceId: ref.instanceId, accountId: instance.accountId },
    ...{ kind: 'restart', status: 'needs_operator', steps: [], createdAt: new Date() },
  });
  const ports: ConsolePorts = { store, readConsole: read, secrets: ['our-own-secret'] };
  // The answer of the activity goes through Temporal: it is empty.
  expect(await new MockActivityEnvironment().run(readConsole(ports), ref)).toBeUndefined();
  return (await store.operations.find(ref.operationId))?.console?.machines;
}

test('the last lines of each machine are in the record of the operation, without secrets', async () => {
  const machines = await recorded(['vm-1', 'vm-2'], async (_cloud, { serverId }) =>
    serverId === 'vm-1' ? 'freehold: tls\ntoken=our-own-secret for ada@example.com\n' : '',
  );
  expect(machines).toEqual([
    { serverId: 'vm-1', lines: ['freehold: tls', 'token=[masked] for [address]'] },
    { serverId: 'vm-2', lines: [] },
  ]);
});

test('a console that cannot be read is said so, and fails nothing', async () => {
  const machines = await recorded(['vm-1', 'vm-2', 'vm-3'], async (_cloud, { serverId }) => {
    if (serverId === 'vm-1')
      throw new ReasonError('cloud_permission_missing', 'ada@example.com may not ec2:GetConsoleOutput');
    if (serverId === 'vm-2') throw new TypeError('x is not a function');
    return null;
  });
  expect(machines).toEqual([
    { serverId: 'vm-1', lines: [], problem: 'cloud_permission_missing: [address] may not ec2:GetConsoleOutput' },
    { serverId: 'vm-2', lines: [], problem: 'the answer of the cloud was not understood' },
    { serverId: 'vm-3', lines: [], problem: 'the cloud has no call for it' },
  ]);
});
