import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Agent } from 'undici';
import { awaitHealthy } from '../../../src/activities/hosting/await-healthy.ts';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { openOperation } from '../../../src/activities/records/open-operation.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { watchIncidents } from '../../support/incidents.ts';
import { instanceRecord } from '../../support/instance-record.ts';
import { useStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';

const store = useStore();
const dispatcher = new Agent();
let body = '';
const server = createServer((_request, response) => response.writeHead(503).end(body));

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await dispatcher.close();
  await once(server.close(), 'close');
});

test('while the step waits, its operation says which phase of the host was seen last', async () => {
  const outputs = { addresses: ['127.0.0.1'], volumeIds: [], serverIds: [], osImages: {} };
  const instance = instanceRecord({ status: 'provisioning', outputs });
  await store.instances.insert(instance);
  const ref = { instanceId: instance._id, operationId: newId.operation() };
  const incidents = watchIncidents(store);
  await openOperation({ store, ...incidents })(ref, { kind: 'restart', accountId: instance.accountId });
  const { port } = server.address() as AddressInfo;
  const ports = {
    ...{ store, journal: createJournal(store), hostUrl: () => `http://127.0.0.1:${port}` },
    reach: { resolve: async () => ['127.0.0.1'], dispatcher, ca: [], close: async () => {} },
  };
  const environment = new MockActivityEnvironment();
  const waiting = environment.run(awaitHealthy(ports), { ...ref, step: 'await-healthy' as const, attempt: 1 });
  const ended = expect(waiting).rejects.toThrow();
  const seen = async () => (await store.operations.find(ref.operationId))?.steps[0];

  await until(async () => (await seen())?.detail === 'phase process: status 503', { what: 'the phase is recorded' });
  const licence = { state: 'NONE', revision: 0 };
  body = JSON.stringify({
    status: 'starting',
    instanceId: instance._id,
    version: '1.0.0',
    licence,
    phase: 'fetching-tls',
  });
  await until(async () => (await seen())?.detail === 'phase fetching-tls', { what: 'the next phase is recorded' });
  expect(await seen()).toMatchObject({ step: 'await-healthy', status: 'retrying', reason: 'host_starting' });
  environment.cancel();
  await ended;
}, 30_000);
