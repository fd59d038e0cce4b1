import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { StackPorts } from '../../src/activities/hosting/ports.ts';
import { destroyStack, stackUp } from '../../src/activities/hosting/stack-up.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import type { StepContext } from '../../src/contracts/workflow-messages.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { instanceRecord, named } from '../support/instance-record.ts';
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

const zones = ['home-a', 'home-b', 'home-c'];

/** The activities of a real provision worker; their timeline entries are collected. */
function activities(lines: string[]) {
  const ports: StackPorts = {
    store,
    zonesOf: () => zones,
    readHealth: async () => undefined,
    resolve: async () => [],
    healthyWithinMs: 1_000,
    finalSnapshotDays: 30,
    journal: {
      note: async () => undefined,
      append: async (_context, body) => void ('text' in body && lines.push(String(body.text))),
    },
    runStack: (request, options) => runStack(request, { ...options, env: lab.env }),
  };
  return { up: stackUp(ports), destroy: destroyStack(ports) };
}

async function tryUp(context: StepContext, lines: string[], attempt: number): Promise<unknown> {
  const environment = new MockActivityEnvironment({ attempt });
  return environment.run(activities(lines).up, context).then(
    () => 'built',
    (error: unknown) => error,
  );
}

test('a full zone is left for the next of the region, and nothing stays behind in it', async () => {
  const server = lab.spec('crowded');
  const instance = instanceRecord({
    _id: server.instanceId,
    desired: named(server.hostnames[0]!),
    licenceId: 'lic_0123456789abcdef',
  });
  await store.instances.insert(instance);
  const context: StepContext = {
    ...{ instanceId: instance._id, orderId: instance.orderId, operationId: 'op_0123456789abcdef' },
    ...{ step: 'stack-up', attempt: 1 },
  };
  const lines: string[] = [];
  const undoing: StepContext = { ...context, step: 'destroy-stack' };
  const undo = () => new MockActivityEnvironment().run(activities(lines).destroy, undoing);

  // Every zone but the last is full: two tries follow at once, the third delivers.
  await lab.cloud.faults({ fullZones: ['home-a', 'home-b'] });
  for (const [attempt, next] of [
    [1, 'home-b'],
    [2, 'home-c'],
  ] as const) {
    const failure = await tryUp(context, lines, attempt);
    expect(failure).toBeInstanceOf(ReasonError);
    expect(failure).toMatchObject({ code: 'cloud_capacity', retryAfterMs: 1_000 });
    expect(await store.instances.find(instance._id)).toMatchObject({ desired: { nodes: [{ zone: next }] } });
    expect(await lab.owned(server)).toEqual([]);
  }
  expect(await tryUp(context, lines, 3)).toBe('built');
  expect(await lab.hosts(server)).toMatchObject([{ zone: 'home-c' }]);
  expect(await lab.cloud.client.list('volumes')).toMatchObject([{ zone: 'home-c' }]);
  expect(lines.filter((text) => text.includes('full'))).toEqual([
    'Zone home-a of home is full; the server is built in home-b.',
    'Zone home-b of home is full; the server is built in home-c.',
  ]);
  await undo();
  expect(await lab.owned(server)).toEqual([]);

  // With the whole region full the last zone is kept, the round starts over, and the delay is the usual one.
  await lab.cloud.faults({ fullZones: zones });
  expect(await tryUp(context, lines, 4)).toMatchObject({ code: 'cloud_capacity', retryAfterMs: 480_000 });
  expect(await store.instances.find(instance._id)).toMatchObject({
    ...{ desired: { nodes: [{ zone: 'home-c' }] }, zonesTried: [] },
  });
  await lab.cloud.clearFaults();
  await undo();
  expect(await lab.owned(server)).toEqual([]);
}, 120_000);
