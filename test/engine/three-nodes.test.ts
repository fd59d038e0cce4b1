import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { StackPorts } from '../../src/activities/hosting/ports.ts';
import { destroyStack, stackUp } from '../../src/activities/hosting/stack-up.ts';
import type { StepContext } from '../../src/contracts/workflow-messages.ts';
import { desiredAtFirst } from '../../src/domain/operations/desired-server.ts';
import { specFrom } from '../../src/domain/operations/server-spec.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { instanceRecord } from '../support/instance-record.ts';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

let lab: StackLab;
let store: Store;
beforeAll(async () => {
  lab = await openStackLab();
  store = await openStore(lab.database.uri);
}, 30_000);
afterAll(async () => {
  await store?.close();
  await lab?.close();
}, 30_000);

test('a server of three nodes is built in three zones, each with its volume, its machine and its enrolment', async () => {
  const hostname = lab.spec('cluster').hostnames[0]!;
  const zones = ['home-a', 'home-b', 'home-c'];
  const bought = { size: 'local-1', image: '1.0.0', diskGib: 10, hostname, zones, tags: {} };
  const desired = { ...desiredAtFirst(bought), enrolmentGeneration: 4 };
  const instance = instanceRecord({ seats: 3, desired, licenceId: 'lic_0123456789abcdef' });
  await store.instances.insert(instance);
  const ports: StackPorts = {
    store,
    zonesOf: () => zones,
    readHealth: async () => undefined,
    resolve: async () => [],
    healthyWithinMs: 1_000,
    finalSnapshotDays: 30,
    journal: { note: async () => undefined, append: async () => undefined },
    runStack: (request, options) => runStack(request, { ...options, env: lab.env }),
  };
  const context: StepContext = {
    ...{ instanceId: instance._id, orderId: instance.orderId, operationId: 'op_0123456789abcdef' },
    ...{ step: 'stack-up', attempt: 1 },
  };
  const undoing: StepContext = { ...context, step: 'destroy-stack' };
  await new MockActivityEnvironment().run(stackUp(ports), context);

  const built = (await store.instances.find(instance._id))!;
  const server = specFrom(built);
  const zonesOf = (objects: { zone: string; tags: Record<string, string> }[]) =>
    objects.map(({ zone, tags }) => `${tags['freehold:resource']} in ${zone}`).sort();
  expect(zonesOf(await lab.hosts(server))).toEqual([
    'host-node-1-m1 in home-a',
    'host-node-2-m1 in home-b',
    'host-node-3-m1 in home-c',
  ]);
  const tag = ['freehold:instance', instance._id] as const;
  expect(zonesOf(await lab.cloud.client.list('volumes', { tag }))).toEqual([
    'volume-node-1 in home-a',
    'volume-node-2 in home-b',
    'volume-node-3 in home-c',
  ]);
  expect(built.outputs).toMatchObject({ addresses: { length: 3 }, volumeIds: { length: 3 }, serverIds: { length: 3 } });
  expect(built.applied).toMatchObject({ nodes: desired.nodes, hostnames: [hostname] });
  const enrolments = lab.licence.calls.filter(({ path }) => path === '/v1/admin/enrollments').map(({ body }) => body);
  expect(enrolments).toEqual(
    [1, 2, 3].map((index) => ({ licenseId: instance.licenceId, nodeName: `node-${index}`, generation: 4 })),
  );

  // The record gives the same stack: nothing is to be created, changed or removed.
  expect(Object.keys(await lab.preview(server))).toEqual(['same']);
  await new MockActivityEnvironment().run(destroyStack(ports), undoing);
  expect(await lab.owned(server)).toEqual([]);
  const destroyed = (await store.instances.find(instance._id))!;
  expect([destroyed.applied, destroyed.outputs]).toEqual([undefined, undefined]);
}, 120_000);
