import { AsyncResource } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { StackPorts } from '../../../src/activities/hosting/ports.ts';
import { stackUp } from '../../../src/activities/hosting/stack-up.ts';
import type { RunnerLine, StackOutputs } from '../../../src/contracts/stack.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';

/** Where the output of a process arrives that was started before any activity. */
const elsewhere = new AsyncResource('runner');

const context: StepContext = {
  instanceId: 'i0123456789abcdef',
  orderId: 'ord_0123456789abcdef',
  operationId: 'op_0123456789abcdef',
  step: 'stack-up',
  attempt: 1,
};
const outputs: StackOutputs = {
  addresses: ['127.0.0.2'],
  hostnames: ['a.example'],
  volumeIds: ['v'],
  serverIds: ['s'],
  osImages: {},
};

const away: StackPorts['journal'] = {
  note: async () => undefined,
  append: async () => {
    throw new Error('the database is away');
  },
};

const unseen = {
  readHealth: async () => undefined,
  resolve: async () => [],
  healthyWithinMs: 1_000,
  finalSnapshotDays: 30,
};

function ports(instance: object, built: unknown[], journal = away): StackPorts {
  const instances = {
    find: async () => instance,
    update: async (_id: string, change: object) => void built.push(change),
  };
  return {
    store: { instances } as unknown as StackPorts['store'],
    journal,
    zonesOf: () => ['home-a', 'home-b'],
    ...unseen,
    async runStack(_request, { onLine }) {
      const tell = (line: RunnerLine) => elsewhere.runInAsyncScope(onLine, undefined, line);
      tell({ type: 'log', severity: 'info', text: '[cloud:quota] the quota of hosts is used up' });
      await new Promise(setImmediate);
      tell({ type: 'resource', name: 'host-node-1', kind: 'Host', op: 'create', status: 'done', done: 1, total: 1 });
      built.push('ran');
      return outputs;
    },
  };
}

test('a timeline that cannot be written neither ends the operation nor its process', async () => {
  const built: unknown[] = [];
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  await environment.run(stackUp(ports({ licenceId: 'lic_1', createdAt: new Date(0) }, built)), context);
  expect(built).toEqual(['ran', { outputs }]);
  expect(beats).toEqual([{ done: 1, total: 1 }]);
});

test('customers read what became of each part, operators what engine and cloud say', async () => {
  const told: unknown[] = [];
  const journal: StackPorts['journal'] = {
    note: async (_context, { status, progress }) => void told.push({ status, progress }),
    append: async (_context, body) => void told.push(body),
  };
  const logged: unknown[] = [];
  const logger = new DefaultLogger('INFO', ({ level, message }) => logged.push([level, message]));
  const environment = new MockActivityEnvironment(undefined, { logger });
  await environment.run(stackUp(ports({ licenceId: 'lic_1', createdAt: new Date(0) }, [], journal)), context);
  expect(told).toEqual([
    { type: 'log', step: 'stack-up', severity: 'info', text: 'The machine of node-1 was created (1 of 1).' },
    { status: 'running', progress: 1 },
  ]);
  expect(logged).toContainEqual(['INFO', '[cloud:quota] the quota of hosts is used up']);
});

test('a server that was handed over is never built again', async () => {
  const built: unknown[] = [];
  await new MockActivityEnvironment().run(stackUp(ports({ licenceId: 'lic_1', status: 'ready' }, built)), context);
  expect(built).toEqual([]);
});
